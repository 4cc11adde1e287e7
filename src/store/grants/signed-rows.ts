/**
 * The rows of a collection that grants power: API keys, groups and SAML connections. The MAC is over everything in such
 * a row, so that it also covers fields of later releases. A row with a wrong MAC counts as missing and is reported.
 */
import type { Collection } from "mongodb";
import type { CatalogueDocument, NewRow, Rows } from "../mongo/catalogue-collection.js";
import { guarded } from "../mongo/driver-errors.js";
import { StoreError } from "../store-error.js";
import type { Authority, Doubt, SignedRow } from "./authority.js";
import type { Floor, GrantLedger } from "./ledger.js";

/** A row that was refused. */
export interface RefusedRow {
  collection: string;
  id: string;
  /** `outdated`: it was signed once, and was changed or deleted since. The others are those of authority.ts. */
  why: Doubt | "outdated";
}

export interface SignedRowsOptions {
  authority: Authority;
  ledger: GrantLedger;
  refused: (row: RefusedRow) => void;
}

/**
 * A change takes at most this long between ledger and row. If a change is found half done later, then an old row was
 * put back or the process died.
 */
const UNDER_WAY_MS = 10_000;

/** Rows of the collection of this name. */
export function createSignedRows(
  collection: Collection<CatalogueDocument>,
  plain: Rows,
  options: SignedRowsOptions,
): Rows {
  const { authority, ledger } = options;
  const name = collection.collectionName;
  const subjectOf = (id: string): string => `${name}/${id}`;
  const believe = createBelief(collection, options);

  /** Decides the change of the row. Undefined when another change was decided first. */
  const decide = (id: string, atLeast: number, row: NewRow | undefined) =>
    ledger.commit({
      subject: subjectOf(id),
      atLeast,
      next: (seq) => row && signed({ ...row, version: atLeast, ledgerSeq: seq }),
    });
  const signed = (row: CatalogueDocument): CatalogueDocument => authority.sign(name, row);

  return {
    async believed(documents) {
      if (documents.length === 0) return [];
      // It comes after the rows. If an old row is put back after this look, then the next read notices it.
      if (authority.signs) await ledger.catchUp();
      const found: CatalogueDocument[] = [];
      for (const document of documents) {
        const row = await believe(document);
        if (row) found.push(bare(row));
      }
      return found;
    },
    async insert(row) {
      await authority.refresh();
      if (!authority.signs) return plain.insert(row);
      await ledger.catchUp();
      const version = ledger.floor(subjectOf(row._id))?.atLeast ?? 1;
      await guarded((within) => collection.insertOne(signed({ ...row, version, ledgerSeq: ledger.tip() }), within));
    },
    async replace(before, row) {
      await authority.refresh();
      if (!authority.signs) return plain.replace(before, row);
      const decided = await decide(before._id, before.version + 1, row);
      if (!decided) return false;
      const { next } = decided;
      // Nothing matches where a reader has finished it already.
      if (next)
        await guarded((within) => collection.replaceOne({ _id: before._id, version: before.version }, next, within));
      return true;
    },
    async delete(id, version) {
      await authority.refresh();
      if (!authority.signs) return plain.delete(id, version);
      for (;;) {
        const row = await guarded((within) =>
          collection.findOne({ _id: id }, { ...within, projection: { version: 1 } }),
        );
        if (!row || (version !== undefined && row.version !== version)) return false;
        await ledger.catchUp();
        // A row with a wrong MAC may be deleted too, because a deletion grants nothing.
        const after = Math.max(Number(row.version) || 0, ledger.floor(subjectOf(id))?.atLeast ?? 0) + 1;
        if (await decide(id, after, undefined))
          return (await guarded((within) => collection.deleteOne({ _id: id }, within))).deletedCount > 0;
      }
    },
  };
}

/** What a row that was found is worth. */
function createBelief(collection: Collection<CatalogueDocument>, { authority, ledger, refused }: SignedRowsOptions) {
  const name = collection.collectionName;

  /** The row, or its content in the ledger. Undefined when it is not valid. */
  async function believe(row: CatalogueDocument): Promise<CatalogueDocument | undefined> {
    const doubt = await authority.doubt(name, row);
    if (doubt !== undefined) return void refused({ collection: name, id: row._id, why: doubt });
    const floor = ledger.floor(`${name}/${row._id}`);
    if (floor && row.version < floor.atLeast) return finish(row, floor);
    if (typeof row["ledgerSeq"] === "number") await ledger.reach(row["ledgerSeq"]);
    return row;
  }

  /** If a change was decided and not written, then it is written now. An older row stays invalid in any case. */
  async function finish(row: CatalogueDocument, floor: Floor): Promise<CatalogueDocument | undefined> {
    const late = Date.now() - floor.at.getTime() > UNDER_WAY_MS;
    if (late) refused({ collection: name, id: row._id, why: "outdated" });
    if (row.version !== floor.atLeast - 1) return undefined;
    const { next } = await ledger.decided(floor);
    const same = { _id: row._id, version: row.version };
    if (!next) return void (await guarded((within) => collection.deleteOne(same, within)));
    // Signed anew, because the entry may be older than the newest key.
    const final = authority.sign(name, next);
    const { matchedCount } = await guarded((within) => collection.replaceOne(same, final, within));
    if (matchedCount === 1) return final;
    const now = await guarded((within) =>
      collection.findOne({ _id: row._id, version: { $gte: floor.atLeast } }, within),
    );
    return now ? believe(now) : undefined;
  }

  return believe;
}

/** The row without the fields that signing adds, which the layouts do not know. */
function bare({ mac: _mac, ledgerSeq: _seq, ...row }: CatalogueDocument): CatalogueDocument {
  return row;
}

/**
 * Signs a row that is there, whatever it is. The command that calls it shows the row to a person first. False when it
 * was changed meanwhile.
 * @throws StoreError `grants_broken` for a row without a version number
 */
export async function signAsItIs(
  collection: Collection<CatalogueDocument>,
  row: SignedRow & { version: number },
  { authority, ledger }: Pick<SignedRowsOptions, "authority" | "ledger">,
): Promise<boolean> {
  await ledger.catchUp();
  const name = collection.collectionName;
  const { mac: _mac, ...fields } = row;
  // MongoDB accepts NaN, and the driver leaves an undefined field out of a filter. Then the compare-and-set below would
  // compare nothing.
  if (!Number.isSafeInteger(row.version)) {
    throw new StoreError(
      "grants_broken",
      `${name}/${row._id} has no version number, so this service did not write it as it is. Delete ` +
        `it, or set its \`version\` to 1. Then run the command again.`,
    );
  }
  const version = Math.max(row.version, (ledger.floor(`${name}/${row._id}`)?.atLeast ?? 0) - 1) + 1;
  const decided = await ledger.commit({
    subject: `${name}/${row._id}`,
    atLeast: version,
    next: (seq) => authority.sign(name, { ...fields, createdAt: row["createdAt"] as Date, version, ledgerSeq: seq }),
  });
  const next = decided?.next;
  return (
    next !== undefined &&
    (await guarded((within) => collection.replaceOne({ _id: row._id, version: row.version }, next, within)))
      .matchedCount === 1
  );
}
