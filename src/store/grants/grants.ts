/** Everything that protects rows that grant power: the sealed keys, the ledger, and the reports of refused rows. */
import type { Collection, Db } from "mongodb";
import { type CatalogueDocument, createPlainRows, type Rows } from "../mongo/catalogue-collection.js";
import { guarded } from "../mongo/driver-errors.js";
import type { Keyring } from "../sealing/keyring.js";
import { blindIndex, createPepperVault, loadPepper, type PepperDocument } from "../sealing/pepper.js";
import { StoreError } from "../store-error.js";
import { type Authority, createAuthority } from "./authority.js";
import { createHead, type GrantHead, type GrantHeadDocument } from "./head.js";
import { createGrantLedger, type GrantLedger } from "./ledger.js";
import type { LedgerEntry } from "./ledger-chain.js";
import { createRefusals, type RefusalListener } from "./refusals.js";
import { createSignedRows, type RefusedRow } from "./signed-rows.js";

/** The collections whose rows are signed as a whole. Sessions are signed too, see sessions.ts. */
export const GRANTING = ["apiKeys", "groups", "samlConnections"] as const;

/** What the rest of the program sees of it. */
export interface GrantStore {
  /** Rows without a MAC are refused. False for a database from before signing, until `npm run grants:sign`. */
  readonly marked: boolean;
  /**
   * Why no row that grants power is accepted: the ledger was shortened, or its mark was removed. Absent when nothing is
   * wrong.
   */
  readonly fault: StoreError | undefined;
  /**
   * Called for each refused row, at most once a minute for each. Rows that were refused before are reported at once.
   */
  onRefused(listener: RefusalListener): void;
}

export interface Grants extends GrantStore {
  readonly authority: Authority;
  readonly ledger: GrantLedger;
  refused(row: RefusedRow): void;
  /** Throws the fault, when there is one. */
  assertWhole(): void;
  rows(collection: Collection<CatalogueDocument>): Rows;
}

/**
 * Opens the sealed pepper and the ledger. `beforeFirst` runs before a new pepper is made. Throws what `loadPepper`
 * throws. A fault of the ledger is given as `fault`.
 */
export async function openGrants(
  db: Db,
  keyring: Pick<Keyring, "scope" | "forSealed">,
  beforeFirst: () => Promise<void>,
): Promise<Grants> {
  const heads = db.collection<GrantHeadDocument>("grantHead");
  const vault = createPepperVault(db.collection<PepperDocument>("settings"), keyring);
  const head = createHead({ heads, keyring, state: () => ({ chain: "", revision: 0 }) });
  // The record of how far the ledger reached exists before the first mark. So if it is missing later, then it was
  // removed.
  const opened = await loadPepper(vault, async () => {
    await head.begin();
    await beforeFirst();
  });
  const refusals = createRefusals();
  const authority = createAuthority({
    vault,
    opened,
    told: () => refusals.refused({ collection: "settings", id: "pepper", why: "exchanged" }),
  });
  const ledger = createGrantLedger({
    entries: db.collection<LedgerEntry>("grantLedger"),
    heads,
    keyring,
    state: () => authority.state,
    mac: (label, text) => blindIndex(opened.content.pepper, label, text),
  });
  const fault = await faultOf({ db, authority, ledger, head });
  const assertWhole = (): void => {
    if (fault) throw fault;
  };
  return {
    authority,
    ledger,
    assertWhole,
    fault,
    get marked() {
      return authority.marked;
    },
    onRefused: refusals.onRefused,
    refused: refusals.refused,
    rows: (collection) =>
      guardedBy(
        assertWhole,
        createSignedRows(collection, createPlainRows(collection), { authority, ledger, refused: refusals.refused }),
      ),
  };
}

async function faultOf({
  db,
  authority,
  ledger,
  head,
}: {
  db: Db;
  authority: Authority;
  ledger: GrantLedger;
  head: GrantHead;
}): Promise<StoreError | undefined> {
  try {
    if (authority.signs) await ledger.open();
    else if ((await head.begun()) || (await wasSigned(db))) return UNMARKED;
    return undefined;
  } catch (error) {
    if (error instanceof StoreError && error.code === "grants_broken") return error;
    throw error;
  }
}

const UNMARKED = new StoreError(
  "grants_broken",
  "There are signed rows, but the mark of signed rows is missing in the sealed pepper. An " +
    "older pepper was put back, or only a part of the database was restored. Restore all of " +
    "it, or see what `npm run grants:sign -- --restored` shows.",
);

/** Traces of signing in a database whose pepper knows nothing of it. */
async function wasSigned(db: Db): Promise<boolean> {
  for (const name of GRANTING)
    if (
      await guarded((within) =>
        db.collection(name).findOne({ mac: { $exists: true } }, { ...within, projection: { _id: 1 } }),
      )
    )
      return true;
  return false;
}

function guardedBy(assertWhole: () => void, rows: Rows): Rows {
  return {
    believed: async (documents) => (assertWhole(), rows.believed(documents)),
    insert: async (row) => (assertWhole(), rows.insert(row)),
    replace: async (before, row) => (assertWhole(), rows.replace(before, row)),
    delete: async (id) => (assertWhole(), rows.delete(id)),
  };
}
