/**
 * Finds acts that were begun and whose outcome is not recorded. It reads on from a checkpoint, entry by entry and by
 * exact id, so it costs nothing while nothing is written. The checkpoint proves nothing: `verify` reads all entries.
 */
import type { Collection } from "mongodb";
import { type AuditDocument, createOpenIntents, auditIdOf, seqOf } from "./audit-chain.js";
import { findByIds } from "../mongo/batch-insert.js";
import { guarded, isDuplicate, type Within } from "../mongo/driver-errors.js";

/** Every act that was begun up to this entry has its outcome. */
export interface IntentCheckpointDocument {
  _id: "intents";
  seq: number;
}

/** The highest number an entry can have. */
const LAST_ID = auditIdOf(9_999_999_999_999_999);
/** The first look after a start reads everything behind the checkpoint. */
const FIRST_LOOK_MS = 10 * 60_000;
/** So many entries are read at once. The number is small at first, because usually there are few. */
const FIRST_AT_ONCE = 4;
const MOST_AT_ONCE = 128;

export interface IntentFollowerDependencies {
  entries: Collection<AuditDocument>;
  checkpoints: Collection<IntentCheckpointDocument>;
  ferretDb: boolean;
}

export function createIntentFollower({ entries, checkpoints, ferretDb }: IntentFollowerDependencies): {
  open(): Promise<AuditDocument[]>;
} {
  const intents = createOpenIntents();
  const checkpoint = createCheckpoint(checkpoints);
  let at: number | undefined;

  const take = (seq: number, entry: AuditDocument): void => {
    intents.follow(entry);
    at = seq;
  };
  async function readFrom(checkpoint: number, within: Within): Promise<void> {
    at = checkpoint;
    for await (const entry of entries
      .find({ _id: { $gt: auditIdOf(checkpoint), $lte: LAST_ID } }, within)
      .sort({ _id: 1 })) {
      const seq = seqOf(entry._id);
      if (seq !== undefined) take(seq, entry);
    }
  }
  /** Reads by exact ids, because on FerretDB a range reads all of the audit. True when there may be more. */
  async function readOn(from: number, most: number): Promise<boolean> {
    const [first] = await findByIds(entries, [auditIdOf(from + 1)], { ferretDb });
    if (!first) return false;
    take(from + 1, first);
    const numbers = Array.from({ length: most }, (_, index) => from + 2 + index);
    const next = new Map(
      (await findByIds(entries, numbers.map(auditIdOf), { ferretDb })).map((entry) => [entry._id, entry]),
    );
    for (const seq of numbers) {
      const entry = next.get(auditIdOf(seq));
      if (!entry) return false;
      take(seq, entry);
    }
    return true;
  }
  async function catchUp(): Promise<void> {
    if (at === undefined) {
      const saved = await checkpoint.read();
      if (!ferretDb) return guarded((within) => readFrom(saved, within), FIRST_LOOK_MS);
      at = saved;
    }
    for (let most = FIRST_AT_ONCE; await readOn(at, most); most = Math.min(most * 2, MOST_AT_ONCE));
  }
  /** The checkpoint stays behind the oldest open act, so that the next start finds it. */
  async function save(): Promise<void> {
    const oldest = intents.ids().map((id) => seqOf(id) ?? 0);
    const reached = Math.min(at ?? 0, ...oldest.map((seq) => seq - 1));
    await checkpoint.move(reached);
  }
  return {
    open: oneAtATime(async () => {
      await catchUp();
      await save();
      return intents.entries();
    }),
  };
}

/** One look at a time. Two would read the same entries. */
function oneAtATime<T>(look: () => Promise<T>): () => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return () => {
    const mine = turn.catch(() => undefined).then(look);
    turn = mine;
    return mine;
  };
}

/** The checkpoint in the database, as far as this process knows. It only moves forward. */
function createCheckpoint(collection: Collection<IntentCheckpointDocument>) {
  let saved = 0;
  return {
    async read(): Promise<number> {
      saved = (await guarded((within) => collection.findOne({ _id: "intents" }, within)))?.seq ?? 0;
      return saved;
    },
    async move(seq: number): Promise<void> {
      if (seq <= saved) return;
      const write = () =>
        guarded((within) => collection.updateOne({ _id: "intents" }, { $set: { seq } }, { ...within, upsert: true }));
      await write().catch((error: unknown) => {
        // Two processes made it at the same time, and it exists now.
        if (!isDuplicate(error)) throw error;
        return write();
      });
      saved = seq;
    },
  };
}
