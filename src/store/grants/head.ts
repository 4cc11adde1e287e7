/** How far the ledger reached. It is sealed and stored outside of the chain, so that a shortened chain is noticed. */
import { Binary, type Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import type { SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import { StoreError } from "../store-error.js";
import type { Chain } from "./ledger-chain.js";

/** The record at rest. `seq` is only for moving it forward. The sealed number counts. */
export interface GrantHeadDocument {
  _id: "head";
  seq: number;
  sealed: Binary;
}

/** The sealed part. */
interface Head extends Chain {
  chain: string;
  revision: number;
}

const CONTEXT: SealContext = { collection: "grantHead", id: "head", field: "sealed", owner: "system" };

export interface GrantHead {
  /**
   * Undefined when there is none. Throws StoreError `grants_broken` when it belongs to another chain, or is newer than
   * the sealed pepper.
   */
  read(): Promise<Head | undefined>;
  /**
   * It only moves forward. If it lags, then it does no harm, because it says how far the chain has reached at least.
   */
  move(to: Chain, chain: string): Promise<void>;
  /** Seals it anew at the same place, because the sealed pepper has a new revision. */
  renew(at: Chain, chain: string): Promise<void>;
  /** Whether its ledger has begun. The first record is made before the mark, and its ledger has not. */
  begun(): Promise<boolean>;
  /** Makes the record of a chain without entries. If there is a record already, then only `reset` replaces it. */
  begin(): Promise<void>;
  reset(chain: string): Promise<void>;
}

export interface HeadOptions {
  heads: Collection<GrantHeadDocument>;
  keyring: Pick<Keyring, "scope" | "forSealed">;
  state: () => { chain: string; revision: number };
}

export function createHead({ heads, keyring, state }: HeadOptions): GrantHead {
  const seal = async (head: Head): Promise<Binary> =>
    new Binary((await keyring.scope("system")).seal(CONTEXT, Buffer.from(JSON.stringify(head))));
  async function find(): Promise<Head | undefined> {
    const document = await guarded((within) => heads.findOne({ _id: "head" }, within));
    if (!document) return undefined;
    const bytes = document.sealed.value();
    return JSON.parse(Buffer.from((await keyring.forSealed(bytes)).open(CONTEXT, bytes)).toString("utf8")) as Head;
  }
  return {
    async begun() {
      const head = await find();
      return head !== undefined && (head.seq > 0 || head.chain !== "");
    },
    async read() {
      const head = await find();
      if (!head) return undefined;
      if (head.revision > state().revision) throw older();
      // The first one is made before the chain has a name.
      if (head.chain !== state().chain && head.seq > 0) throw older();
      return head;
    },
    async move({ seq, mac }, chain) {
      const sealed = await seal({ seq, mac, chain, revision: state().revision });
      // Another process's may be further on.
      await guarded((within) => heads.updateOne({ _id: "head", seq: { $lt: seq } }, { $set: { seq, sealed } }, within));
    },
    async renew({ seq, mac }, chain) {
      const sealed = await seal({ seq, mac, chain, revision: state().revision });
      await guarded((within) => heads.updateOne({ _id: "head", seq }, { $set: { sealed } }, within));
    },
    async begin() {
      const sealed = await seal({ seq: 0, mac: "", chain: "", revision: 0 });
      await guarded((within) => heads.insertOne({ _id: "head", seq: 0, sealed }, within)).catch((error: unknown) => {
        if (!isDuplicate(error)) throw error;
      });
    },
    async reset(chain) {
      const sealed = await seal({ seq: 0, mac: "", chain, revision: state().revision });
      await guarded((within) => heads.replaceOne({ _id: "head" }, { seq: 0, sealed }, { ...within, upsert: true }));
    },
  };
}

const older = (): StoreError =>
  new StoreError(
    "grants_broken",
    "The sealed pepper, which holds the mark of signed rows, is older than the ledger of revocations. " +
      "An older pepper was put back, or only a part of the database was restored. Restore all " +
      "of it, or see what `npm run grants:sign -- --restored` shows.",
  );
