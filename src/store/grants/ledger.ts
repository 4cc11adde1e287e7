/**
 * The ledger of changes to rows that grant power. Each entry names a row, the lowest version of it that is still valid,
 * and, sealed, its new content. The entry is written before the row and decides the change. If a crash comes in
 * between, then the old row is no longer valid, and the next reader writes the new one. For the same reason an old row
 * that is put back is not valid. The entries form a chain under the pepper. How far it has reached is sealed outside of
 * it.
 */
import { BSON, Binary, type Collection } from "mongodb";
import type { CatalogueDocument } from "../mongo/catalogue-collection.js";
import { guarded, isDuplicate, LIST_DEADLINE_MS } from "../mongo/driver-errors.js";
import { createExclusiveTurns } from "../mongo/exclusive.js";
import type { SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import type { Mac } from "../audit/audit-chain.js";
import { StoreError } from "../store-error.js";
import { createHead, type GrantHead, type GrantHeadDocument } from "./head.js";
import { type Chain, entryMac, ledgerIdOf, type LedgerEntry } from "./ledger-chain.js";

/** The new content of a row. Absent when the row is deleted. */
type Next = CatalogueDocument | undefined;

/** The least version of a row that counts, and the entry that says so. */
export interface Floor {
  atLeast: number;
  seq: number;
  at: Date;
}

export interface GrantLedger {
  /** The floor of a row, as far as this process has read. */
  floor(subject: string): Floor | undefined;
  /** The number of the last entry that this process has read. */
  tip(): number;
  /**
   * For a row that was signed when the ledger had so many entries. Throws StoreError `grants_broken` when they are not
   * there.
   */
  reach(seq: number): Promise<void>;
  /** Reads the entries that were written until now. If there are none, then it costs one look by `_id`. */
  catchUp(): Promise<void>;
  /**
   * Decides a change of a row. `next` is called with the entry's number. Gives the durable entry. Undefined when
   * another change of the row was decided first, so that this one must be decided again. Throws StoreError
   * `grants_broken` when the chain is not as this process left it.
   */
  commit(change: {
    subject: string;
    atLeast: number;
    next: (seq: number) => Next;
  }): Promise<{ next: Next } | undefined>;
  /** What the entry that set this floor wants of the row. */
  decided(floor: Floor): Promise<{ next: Next }>;
  /** Reads and checks everything from its beginning. Throws StoreError `grants_broken`. */
  open(): Promise<void>;
  /** Comes before the first key: makes the record of how far the ledger reached. */
  begin(): Promise<void>;
  /** The sealed pepper gets a new revision, so that an older one is noticed from now on. */
  renew(): Promise<void>;
  /** Ends this chain. Its entries are removed, and the next chain has another name. */
  restart(): Promise<void>;
}

export interface LedgerOptions {
  entries: Collection<LedgerEntry>;
  heads: Collection<GrantHeadDocument>;
  keyring: Pick<Keyring, "scope" | "forSealed">;
  mac: Mac;
  /** The name of the chain and the revision of the sealed pepper, as they are now. */
  state: () => { chain: string; revision: number };
}

/** Lost races for a number before giving up. */
const MAX_CONFLICTS = 200;

const broken = (what: string): StoreError =>
  new StoreError(
    "grants_broken",
    `The ledger of revocations ${what}. The database was changed from outside, or only a part ` +
      "of it was restored. Restore all of it. Or see what `npm run grants:sign -- --restored` " +
      "shows, and let it begin anew.",
  );

const contextOf = (id: string): SealContext => ({ collection: "grantLedger", id, field: "next", owner: "system" });

/** The chain as far as this process has read it, checked entry by entry. */
function createReading({ entries, mac, state }: LedgerOptions) {
  const floors = new Map<string, Floor>();
  let tip: Chain = { seq: 0, mac: "" };
  let chain = state().chain;
  const at = (seq: number) => guarded((within) => entries.findOne({ _id: ledgerIdOf(seq) }, within));

  function take(entry: LedgerEntry): void {
    const seq = tip.seq + 1;
    if (entry._id !== ledgerIdOf(seq)) throw broken(`lacks entry ${seq}`);
    if (entry.prev !== tip.mac || entry.mac !== entryMac(mac, chain, entry))
      throw broken(`has an entry ${seq} that was not written here`);
    tip = { seq, mac: entry.mac };
    const before = floors.get(entry.subject);
    if (!before || entry.atLeast > before.atLeast)
      floors.set(entry.subject, { atLeast: entry.atLeast, seq, at: entry.at });
  }

  /** The command for signing has begun a new chain. What this process learned from the old one is still valid. */
  function follow(): void {
    if (chain === state().chain) return;
    chain = state().chain;
    tip = { seq: 0, mac: "" };
  }

  return {
    floors,
    at,
    take,
    get tip() {
      return tip;
    },
    get chain() {
      return chain;
    },
    /** Reads the entries that were written since the last read. */
    async on(): Promise<void> {
      follow();
      for (let next = await at(tip.seq + 1); next; next = await at(tip.seq + 1)) take(next);
    },
    /** Reads everything. */
    async all(): Promise<void> {
      follow();
      tip = { seq: 0, mac: "" };
      for await (const entry of entries.find().sort({ _id: 1 })) take(entry);
    },
    forget(): void {
      tip = { seq: 0, mac: "" };
      floors.clear();
    },
  };
}

export function createGrantLedger(options: LedgerOptions): GrantLedger {
  const { entries, keyring, state } = options;
  const head = createHead(options);
  const inTurn = createExclusiveTurns();
  const reading = createReading(options);
  const decide = createDecision(options, reading, head);

  async function open(): Promise<void> {
    const known = await head.read();
    await reading.all();
    const { tip, chain } = reading;
    if (!known) throw broken("lost the record of how far it reached");
    if (known.seq > tip.seq) throw broken(`is cut off after entry ${tip.seq}: it once reached ${known.seq}`);
    if (known.seq < tip.seq) await head.move(tip, chain);
  }

  let queued: Promise<void> | undefined;
  /** All callers that ask before a read begins share it. */
  const catchUp = (): Promise<void> =>
    (queued ??= inTurn(["ledger"], () => {
      queued = undefined;
      return reading.on();
    }));

  return {
    catchUp,
    floor: (subject) => reading.floors.get(subject),
    tip: () => reading.tip.seq,
    async reach(seq) {
      if (seq <= reading.tip.seq) return;
      await catchUp();
      if (seq > reading.tip.seq)
        throw broken(`is cut off after entry ${reading.tip.seq}: a row was signed when it had ${seq}`);
    },
    commit: (change) => inTurn(["ledger"], () => decide(change)),
    async decided({ seq }) {
      const entry = await reading.at(seq);
      if (!entry) throw broken(`lacks entry ${seq}`);
      if (!entry.next) return { next: undefined };
      const sealed = entry.next.value();
      return {
        next: BSON.deserialize(
          (await keyring.forSealed(sealed)).open(contextOf(entry._id), sealed),
        ) as CatalogueDocument,
      };
    },
    open: () => inTurn(["ledger"], open),
    async begin() {
      await guarded((within) => entries.deleteMany({}, within), LIST_DEADLINE_MS);
      await head.begin();
    },
    async renew() {
      await catchUp();
      await head.renew(reading.tip, reading.chain);
    },
    async restart() {
      await guarded((within) => entries.deleteMany({}, within), LIST_DEADLINE_MS);
      await head.reset(state().chain);
      reading.forget();
    },
  };
}

/** Enters a change behind everything that was entered before. */
function createDecision(
  { entries, keyring, mac }: LedgerOptions,
  reading: ReturnType<typeof createReading>,
  head: GrantHead,
): GrantLedger["commit"] {
  return async ({ subject, atLeast, next }) => {
    const key = await keyring.scope("system");
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      await reading.on();
      const { tip, chain } = reading;
      if (tip.seq > 0 && (await reading.at(tip.seq))?.mac !== tip.mac)
        throw broken(`is cut off before entry ${tip.seq}`);
      if ((reading.floors.get(subject)?.atLeast ?? 0) >= atLeast) return undefined;
      const seq = tip.seq + 1;
      const row = next(seq);
      const bare = {
        _id: ledgerIdOf(seq),
        at: new Date(),
        subject,
        atLeast,
        ...(row && {
          next: new Binary(key.seal(contextOf(ledgerIdOf(seq)), BSON.serialize(row, { ignoreUndefined: true }))),
        }),
        prev: tip.mac,
      };
      const entry: LedgerEntry = { ...bare, mac: entryMac(mac, chain, bare) };
      try {
        await guarded((within) => entries.insertOne(entry, within));
      } catch (error) {
        if (isDuplicate(error)) continue;
        throw error;
      }
      reading.take(entry);
      await head.move(reading.tip, reading.chain);
      return { next: row };
    }
    throw new StoreError("unavailable", "Too many requests change what grants power at once. Try again.");
  };
}
