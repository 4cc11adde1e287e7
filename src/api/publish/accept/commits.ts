/** The line of commits: what waits is committed together, one commit at a time, and answered. */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { Store } from "../../../store/store.js";
import type { Batch, Batches } from "./batches.js";
import { commit, commitTimeOf, type Committed } from "./commit.js";
import type { EarlyAttempts } from "./early.js";
import type { OwnerIds } from "./owner-ids.js";
import type { RecentIds } from "./recent-ids.js";
import { ANSWER_WITHIN_MS, mayTravel, unavailable, type Waiting } from "./waiting-event.js";

export interface CommitsDependencies {
  store: Pick<Store, "events">;
  catalogue: Catalogue;
  log: Logger;
  owners: OwnerIds;
  batches: Batches;
  recent: RecentIds;
  early?: EarlyAttempts;
  /** Answers publishes of ids that are on record. */
  existing: { settle(waiting: Waiting): Promise<void> };
  /** Takes what the store does not. */
  carried: { add(waiting: Waiting): void };
  settings: { backlogMax: number };
}

export interface Commits {
  add(waiting: Waiting): void;
  /** Commits what waits, for at most `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

/** Records in one commit. More would hold up the answers of the first. */
const MOST_IN_COMMIT = 1_000;
const COMMIT_BYTES = 8 * 1024 * 1024;
/** A commit with less time than this is not tried: it would be given up before the store answers. */
const LEAST_COMMIT_MS = 250;
/** Bytes are let go once they are stored. */
const NOTHING = new Uint8Array();

/** The line of one publisher. */
export function createCommits(dependencies: CommitsDependencies): Commits {
  const { log, owners, batches, settings } = dependencies;
  const queue: Waiting[] = [];
  let committing = false;
  let scheduled = false;

  // setImmediate gathers the publishes of one turn of the event loop. Without it 1,340 instead of 2,100 events/s at 256
  // clients.
  function pumpSoon(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      void pump();
    });
  }
  async function pump(): Promise<void> {
    refuseLate(log, queue);
    const room = settings.backlogMax - batches.backlog;
    if (committing || queue.length === 0 || room <= 0) return;
    committing = true;
    try {
      await commitSome(takeSome(queue, Math.min(room, MOST_IN_COMMIT)));
    } finally {
      committing = false;
      pumpSoon();
    }
  }
  async function commitSome(some: Waiting[]): Promise<void> {
    batches.close();
    const taken = new Map<Batch, Waiting[]>();
    if (!(await owners.ready(commitTimeOf(some)))) {
      settle(dependencies, taken, { accepted: taken, known: [], failed: some, untried: true });
      return;
    }
    for (const [place, waiting] of some.entries()) {
      const batch = batches.take();
      // More ids will be announced in a moment.
      if (!batch) {
        queue.unshift(...some.slice(place));
        break;
      }
      const group = taken.get(batch);
      if (group) group.push(waiting);
      else taken.set(batch, [waiting]);
    }
    if (taken.size > 0) settle(dependencies, taken, await commit(dependencies, taken));
  }
  // A backlog that is full holds publishes up. Those that waited too long are answered.
  const sweep = setInterval(pumpSoon, LEAST_COMMIT_MS).unref();

  return {
    add(waiting) {
      queue.push(waiting);
      pumpSoon();
    },
    async close(ms) {
      const until = performance.now() + ms;
      while ((queue.length > 0 || committing) && performance.now() < until) await delay(5);
      clearInterval(sweep);
    },
  };
}

function settle(
  { log, recent, existing, carried, early, batches }: CommitsDependencies,
  taken: ReadonlyMap<Batch, Waiting[]>,
  { accepted, known, failed, untried }: Committed,
): void {
  for (const [{ owner }, some] of accepted)
    for (const waiting of some) {
      // No client can repeat an id that only the answer tells it.
      if (!waiting.event.ownId) recent.add(waiting.event);
      report(log, waiting, { workflow: owner, accepted: true });
      waiting.resolve({ ok: true, id: waiting.event.id, duplicate: false });
    }
  for (const waiting of known) void existing.settle(waiting);
  for (const waiting of failed)
    if (mayTravel(waiting)) {
      if (!untried) waiting.event = { ...waiting.event, tried: true };
      carried.add(waiting);
    } else waiting.resolve(unavailable(waiting.event.id));
  // The answers leave first. Then the attempts, because a start lists those that were begun before it.
  setImmediate(() => {
    for (const [batch, some] of accepted) {
      early?.begin(batch.owner, some);
      for (const waiting of some) waiting.payload = NOTHING;
      batches.committed(batch, some, (taken.get(batch)?.length ?? 0) - some.length);
    }
    batches.pump();
  });
}

function takeSome(queue: Waiting[], most: number): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { payload } of queue) {
    bytes += payload.byteLength;
    if (count >= most || (count > 0 && bytes > COMMIT_BYTES)) break;
    count++;
  }
  return queue.splice(0, count);
}

/** Takes out and refuses what cannot be committed in time any more. A stuck store must not hold the answers up. */
function refuseLate(log: Pick<Logger, "error">, waiting: Waiting[]): void {
  const latest = performance.now() - ANSWER_WITHIN_MS + LEAST_COMMIT_MS;
  const late = waiting.filter(({ since }) => since < latest);
  if (late.length === 0) return;
  waiting.splice(0, waiting.length, ...waiting.filter(({ since }) => since >= latest));
  log.error({ events: late.length }, "events not accepted: they waited too long for their commit");
  for (const { event, resolve } of late) resolve(unavailable(event.id));
}

/** One line for each event, when it is known whether it was accepted. */
export function report(log: Pick<Logger, "info">, { event, payload, since }: Waiting, how: object): void {
  const ms = Math.round((performance.now() - since) * 10) / 10;
  log.info({ event: event.id, type: event.type, bytes: payload.byteLength, ...how, ms }, "event");
}
