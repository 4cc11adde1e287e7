/** Appends to the audit. Each entry is chained to the one before, whichever process wrote that one (audit-chain.ts). */
import { setTimeout as delay } from "node:timers/promises";
import { MongoBulkWriteError, type Collection } from "mongodb";
import {
  type AuditDocument,
  type AuditHeadDocument,
  digestOfEarlier,
  headSeal,
  auditIdOf,
  type Mac,
  macOf,
  seqOf,
} from "./audit-chain.js";
import type { AuditMark } from "./audit-mark.js";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import { StoreError } from "../store-error.js";
import type { Store } from "../store.js";

type Given = Parameters<Store["audit"]["append"]>[0];
type Dated = Given & { at: Date };
interface Waiting {
  entry: Given;
  done: (id: string) => void;
  failed: (error: unknown) => void;
}
interface Tip {
  seq: number;
  mac: string;
}

/** Entries in one write. */
const BATCH = 100;
/** So many races for a number may be lost before giving up. Each lost race means that another process has appended. */
const MAX_CONFLICTS = 200;

interface Chain {
  entries: Collection<AuditDocument>;
  heads: Collection<AuditHeadDocument>;
  mark: AuditMark;
  mac: Mac;
  findHead: () => Promise<AuditHeadDocument | undefined>;
}

/**
 * Appends one write after another. Entries that come while a write is under way go out together in the next one.
 * Between processes the unique `_id` decides. The process that loses reads the earlier entries and chains its own
 * behind them.
 */
export function createAppender({ entries, heads, mark, mac, findHead }: Chain): Store["audit"]["append"] {
  let tip: Tip | undefined;

  const read = (seq: number) => guarded((within) => entries.findOne({ _id: auditIdOf(seq) }, within));

  async function advance(from: Tip): Promise<Tip> {
    let at = from;
    for (let next = await read(at.seq + 1); next?.mac !== undefined; next = await read(at.seq + 1))
      at = { seq: at.seq + 1, mac: next.mac };
    return at;
  }

  /** Gives the ids, in the order of the entries. */
  async function write(given: Dated[]): Promise<string[]> {
    const ids: string[] = [];
    let rest = given;
    for (let conflicts = 0; rest.length > 0; conflicts++) {
      if (conflicts > MAX_CONFLICTS)
        throw new StoreError("unavailable", "The audit is being written to by too many at once. Try again.");
      tip = await advance(tip ?? (await findHead()) ?? { seq: 0, mac: "" });
      if (tip.seq === 0) {
        await begin({ entries, mac }, rest[0]?.at ?? new Date());
        continue;
      }
      const documents = chained(mac, tip, rest);
      const count = await insert(entries, documents);
      const last = documents[count - 1];
      if (last) tip = { seq: tip.seq + count, mac: last.mac };
      ids.push(...documents.slice(0, count).map(({ _id }) => _id));
      rest = rest.slice(count);
      if (rest.length > 0) await delay(Math.random() * 10);
    }
    const reached = tip;
    if (reached) await Promise.all([moveHead({ heads, mac }, reached), forward(() => mark.move(reached))]);
    return ids;
  }

  return inBatches(async (given) => {
    try {
      return await write(given.map((entry) => ({ at: new Date(), ...entry })));
    } catch (error) {
      // It is not known whether anything was written. The next append finds out.
      tip = undefined;
      throw error;
    }
  });
}

/** The first entry of the chain describes the entries from before the chain. */
async function begin({ entries, mac }: Pick<Chain, "entries" | "mac">, at: Date): Promise<void> {
  const earlier = digestOfEarlier(mac);
  for await (const document of entries.find().sort({ _id: 1 }))
    if (seqOf(document._id) === undefined) earlier.add(document);
  await insert(
    entries,
    chained(mac, { seq: 0, mac: "" }, [
      { at, actor: "service", action: "audit.begin", subject: "audit", detail: earlier.result() },
    ]),
  );
}

const moveHead = ({ heads, mac }: Pick<Chain, "heads" | "mac">, at: Tip): Promise<void> =>
  forward(() =>
    guarded((within) =>
      heads.updateOne(
        { _id: "head", seq: { $lt: at.seq } },
        { $set: { ...at, seal: headSeal(mac, at) } },
        { ...within, upsert: true },
      ),
    ),
  );

/**
 * The head and the mark only move forward. If one lags, then it does no harm, because it says how far the chain has
 * reached at least.
 */
async function forward(update: () => Promise<unknown>): Promise<void> {
  await update().catch((error: unknown) => {
    // Another process's is further on, or the store went away after the entries were durable.
    if (!isDuplicate(error) && !(error instanceof StoreError && error.code === "unavailable")) throw error;
  });
}

/** One write at a time. Entries that come meanwhile go out together in the next one. */
function inBatches(write: (given: Given[]) => Promise<string[]>): Store["audit"]["append"] {
  const waiting: Waiting[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      try {
        const ids = await write(batch.map(({ entry }) => entry));
        for (const [index, { done }] of batch.entries()) done(ids[index] ?? "");
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    running = false;
  }

  return (entry) =>
    new Promise<string>((done, failed) => {
      waiting.push({ entry, done, failed });
      if (!running) void run();
    });
}

function chained(mac: Mac, after: Tip, given: readonly Dated[]): (AuditDocument & { mac: string })[] {
  let { seq, mac: prev } = after;
  return given.map(({ detail, ...entry }) => {
    seq++;
    const document: AuditDocument = {
      _id: auditIdOf(seq),
      ...entry,
      ...(detail && { detail: JSON.stringify(detail) }),
      prev,
    };
    prev = macOf(mac, document, prev);
    return { ...document, mac: prev };
  });
}

/** How many went in before another process's entry. */
async function insert(entries: Collection<AuditDocument>, documents: AuditDocument[]): Promise<number> {
  return guarded(async (within) => {
    try {
      await entries.insertMany(documents, { ...within, ordered: true });
      return documents.length;
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError) || !isDuplicate(error)) throw error;
      return Math.min(...[error.writeErrors].flat().map(({ index }) => index));
    }
  });
}
