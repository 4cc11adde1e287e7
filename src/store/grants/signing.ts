/**
 * Signs rows that exist: once for a database from before signing, again under a new key, and after a restore. Only the
 * command `npm run grants:sign` calls this, after a person has seen the rows.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Collection, Db } from "mongodb";
import type { CatalogueDocument } from "../mongo/catalogue-collection.js";
import { guarded, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { newChain, newMacKey } from "../sealing/pepper.js";
import { StoreError } from "../store-error.js";
import { GRANTING, type Grants } from "./grants.js";
import { signAsItIs } from "./signed-rows.js";
import type { Doubt } from "./authority.js";

export type GrantingName = (typeof GRANTING)[number];

/** A row as it was found. */
export interface FoundRow {
  collection: GrantingName;
  id: string;
  /**
   * `good`: signed by this service and not changed since. `outdated`: signed by this service, and changed or deleted
   * later.
   */
  state: "good" | "outdated" | Doubt;
  row: CatalogueDocument;
}

export interface GrantSigning {
  db: Db;
  grants: Grants;
  exclusive: Exclusive;
  /** Has every process read these collections anew. */
  changed: (name: "apiKeys" | "groups") => Promise<void>;
}

/** Longer than a write may be under way that was begun with the keys of before, milliseconds. */
const SETTLE_MS = 5_000;

/** Every row that grants power, by collection and id. */
export async function surveyGrants({ db, grants }: GrantSigning): Promise<FoundRow[]> {
  const found: FoundRow[] = [];
  await grants.authority.refresh();
  if (grants.authority.signs && !grants.fault) await grants.ledger.catchUp();
  for (const collection of GRANTING) {
    const rows = await guarded(
      (within) => db.collection<CatalogueDocument>(collection).find({}, within).sort({ _id: 1 }).toArray(),
      LIST_DEADLINE_MS,
    );
    for (const row of rows) {
      const unsigned = row["mac"] === undefined;
      const doubt = unsigned ? "unsigned" : await grants.authority.doubt(collection, row);
      const floor = grants.ledger.floor(`${collection}/${row._id}`);
      found.push({
        collection,
        id: row._id,
        row,
        state: doubt ?? (floor && row.version < floor.atLeast ? "outdated" : "good"),
      });
    }
  }
  return found;
}

/** What the command is asked to do beside what it does by itself. */
export interface SignOptions {
  /** `<collection>/<id>` of rows that are signed as they are, whatever their state. */
  accept?: readonly string[];
  settleMs?: number;
}

const accepts =
  ({ accept = [] }: SignOptions) =>
  ({ collection, id }: Pick<FoundRow, "collection" | "id">): boolean =>
    accept.includes(`${collection}/${id}`);

/**
 * The first signing. It signs every unsigned row and sets the mark. If the mark is set already, then it signs only what
 * `accept` names. Gives the rows that were signed. Sessions from before are ended, because no person can check them. It
 * may be stopped and run again.
 */
export async function signGrants(signing: GrantSigning, options: SignOptions = {}): Promise<FoundRow[]> {
  const { db, grants } = signing;
  if (grants.fault) throw grants.fault;
  const first = !grants.authority.marked;
  if (first) await begin(grants);
  const wanted = (await surveyGrants(signing)).filter(
    (found) => (first && found.state === "unsigned") || accepts(options)(found),
  );
  for (const found of wanted) await signOne(signing, found);
  const auditMarked =
    (await guarded((within) => db.collection<{ _id: string }>("settings").findOne({ _id: "auditMark" }, within))) !==
    null;
  if (first) await grants.authority.change(() => ({ marked: true, ...(auditMarked && { auditMarked }) }));
  await grants.ledger.renew();
  if (first)
    await guarded(
      (within) => db.collection("sessions").deleteMany({ mac: { $exists: false } }, within),
      LIST_DEADLINE_MS,
    );
  await tell(signing);
  return wanted;
}

/** Makes keys and a ledger before anything is signed with them. Running processes sign their writes from now on. */
async function begin({ authority, ledger }: Grants): Promise<void> {
  if (authority.signs) return;
  await ledger.begin();
  await authority.change(({ macKeys }) => (macKeys.length > 0 ? {} : { macKeys: [newMacKey()], chain: newChain() }));
}

/** Under the lock of the row, as every other change of it. */
async function signOne({ db, grants, exclusive }: GrantSigning, { collection, id }: FoundRow): Promise<void> {
  const rows = db.collection<CatalogueDocument>(collection);
  for (let tries = 0; tries < 20; tries++) {
    const signed = await exclusive(`${collection}/${id}`, async () => {
      const row = await guarded((within) => rows.findOne({ _id: id }, within));
      return row === null || signAsItIs(rows, row, grants);
    });
    if (signed) return;
  }
  throw new StoreError(
    "unavailable",
    `${collection}/${id} is being changed by too many at once. Run the command again.`,
  );
}

/** Every process reads anew what it holds in memory. */
async function tell({ changed }: GrantSigning): Promise<void> {
  await changed("apiKeys");
  await changed("groups");
}

/**
 * Makes a new key for signing. Good rows are signed under it, and then the earlier keys are removed, so that nothing
 * signed with them is valid any more. Services may run meanwhile. Sessions end with the old key. It may be stopped and
 * run again. Gives the rows that were not good.
 */
export async function rotateGrantKey(
  signing: GrantSigning,
  { settleMs = SETTLE_MS }: SignOptions = {},
): Promise<FoundRow[]> {
  const { authority } = signing.grants;
  if (signing.grants.fault) throw signing.grants.fault;
  const key = newMacKey();
  await authority.change(({ macKeys }) => ({ macKeys: [key, ...macKeys] }));
  await resign(signing);
  await delay(settleMs);
  // Once more, because a write that was under way may have signed with the earlier key.
  const bad = await resign(signing);
  await authority.change(() => ({ macKeys: [key] }));
  await signing.grants.ledger.renew();
  await tell(signing);
  return bad;
}

/**
 * For a restored database or a broken ledger. It signs under a new key the rows that a known key has signed, and the
 * rows that are accepted. It begins the ledger anew. No service may run meanwhile. Gives the rows that were left
 * unsigned.
 */
export async function restoreGrants(signing: GrantSigning, options: SignOptions = {}): Promise<FoundRow[]> {
  const { authority, ledger } = signing.grants;
  const key = newMacKey();
  await authority.change(({ macKeys }) => ({ macKeys: [key, ...macKeys] }));
  const bad = await resign(signing, { also: accepts(options), ledgerSeq: 0 });
  await authority.change(() => ({ macKeys: [key], chain: newChain(), marked: true }));
  await ledger.restart();
  await tell(signing);
  return bad;
}

/**
 * Signs good rows under the newest key at the same version, so the ledger still describes them. `ledgerSeq` is 0 when
 * the ledger begins anew.
 */
async function resign(
  signing: GrantSigning,
  { also = () => false, ledgerSeq }: { also?: (found: FoundRow) => boolean; ledgerSeq?: number } = {},
): Promise<FoundRow[]> {
  const {
    db,
    exclusive,
    grants: { authority },
  } = signing;
  const bad: FoundRow[] = [];
  for (const found of await surveyGrants(signing)) {
    if (found.state !== "good" && !also(found)) {
      bad.push(found);
      continue;
    }
    const { collection, id, row } = found;
    const rows: Collection<CatalogueDocument> = db.collection(collection);
    // One that was changed meanwhile is signed with the newest key already, or found by the next pass.
    const signed = authority.sign(collection, { ...row, ...(ledgerSeq !== undefined && { ledgerSeq }) });
    await exclusive(`${collection}/${id}`, () =>
      guarded((within) => rows.replaceOne({ _id: id, version: row.version }, signed, within)),
    );
  }
  return bad;
}
