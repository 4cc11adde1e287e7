/**
 * The high-water mark of the audit: how far the chain has reached at least. It is sealed and stored with the settings.
 * The sealed pepper says that there must be a mark. So an audit that was emptied together with its head and its mark
 * does not look like a new one.
 *
 * It cannot detect an attacker who writes to the database and has copies of chain, head and mark from one moment. If
 * all three are put back, every seal of them is genuine. Only a copy outside of the database shows that (`audit:verify
 * -- --expect`, or `--against` a shipped copy).
 */
import { Binary, type Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import type { Keyring } from "../sealing/keyring.js";
import { StoreError } from "../store-error.js";

/** The mark at rest. `seq` in plain text is only for the compare-and-set. It must equal the sealed number. */
export interface AuditMarkDocument {
  _id: "auditMark";
  seq: number;
  sealed: Binary;
}

/** The number and MAC of an entry that existed. 0 and empty before the first entry. */
export interface Reached {
  seq: number;
  mac: string;
}

const CONTEXT = { collection: "settings", id: "auditMark", field: "sealed", owner: "system" };

async function sealedOf(keyring: Keyring, { seq, mac }: Reached): Promise<Binary> {
  return new Binary((await keyring.scope("system")).seal(CONTEXT, Buffer.from(JSON.stringify([seq, mac]))));
}

/**
 * The first mark, of an audit that has not begun. Before the pepper is made, which says that there is one. @throws
 * StoreError
 */
export async function beginAuditMark(collection: Collection<AuditMarkDocument>, keyring: Keyring): Promise<void> {
  const sealed = await sealedOf(keyring, { seq: 0, mac: "" });
  await guarded((within) => collection.insertOne({ _id: "auditMark", seq: 0, sealed }, within)).catch(
    (error: unknown) => {
      if (!isDuplicate(error)) throw error;
    },
  );
}

export interface AuditMark {
  /**
   * `missing` when there must be a mark, and `not_ours` when it cannot be opened. Undefined in a database from before
   * it.
   */
  read(): Promise<Reached | "missing" | "not_ours" | undefined>;
  /** Forward only. One that is missing and must be there is not made anew. */
  move(to: Reached): Promise<void>;
}

/** `needed`: the pepper says that there is a mark. */
export function createAuditMark({
  collection,
  keyring,
  needed,
}: {
  collection: Collection<AuditMarkDocument>;
  keyring: Keyring;
  needed: boolean;
}): AuditMark {
  return {
    async read() {
      const document = await guarded((within) => collection.findOne({ _id: "auditMark" }, within));
      if (!document) return needed ? "missing" : undefined;
      try {
        const sealed = document.sealed.value();
        const [seq, mac] = JSON.parse(
          Buffer.from((await keyring.forSealed(sealed)).open(CONTEXT, sealed)).toString("utf8"),
        ) as [number, string];
        return seq === document.seq ? { seq, mac } : "not_ours";
      } catch (error) {
        if (error instanceof StoreError && error.code === "unavailable") throw error;
        return "not_ours";
      }
    },
    async move({ seq, mac }) {
      const sealed = await sealedOf(keyring, { seq, mac });
      await guarded((within) =>
        collection.updateOne(
          { _id: "auditMark", seq: { $lt: seq } },
          { $set: { seq, sealed } },
          { ...within, upsert: !needed },
        ),
      );
    },
  };
}
