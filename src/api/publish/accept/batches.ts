/**
 * Events that are committed and wait for their workflow. A workflow costs 25 ms of CPU however little it carries, so
 * many events share one. A batch closes when it is full, or at the first free slot once `START_EVERY_MS` have passed
 * since the last start. An event after a pause therefore starts at once, and load makes the batches grow.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { OwnerIds } from "./owner-ids.js";
import type { Waiting } from "./waiting-event.js";

/** Events of one workflow. Its owner id is announced, and is in the record of each. */
export interface Batch {
  owner: string;
  /** Committed events, which go into the start. */
  ready: Waiting[];
  /** Given to a commit of which nobody knows the end yet. While there are some, the batch is not started. */
  pending: number;
  /** All that were ever given to it. */
  size: number;
  /** An earlier start may have got somewhere. */
  rerun?: true;
  /** Owners that it had before, whose workflows never had its events. */
  former?: string[];
  /** The owner that it is about to get instead. */
  next?: string | undefined;
}

export interface BatchesDependencies {
  owners: OwnerIds;
  settings: { batchMax: number; startsInFlight: number };
  /** Whether one more dispatch may be under way in this process. */
  mayDispatch: () => boolean;
  /** Starts the workflow of a batch. `unavailable` is tried again. It never rejects. */
  start(batch: Batch): Promise<"started" | "exists" | "unavailable">;
  /** Called with the number of events that wait, whenever it has changed. */
  onBacklog(events: number): void;
}

export interface Batches {
  /** Events that have no workflow yet. */
  readonly backlog: number;
  /** A commit begins: what is due is closed, so that the commit does not hold it up. */
  close(): void;
  /** The batch that takes one more event. Undefined when no owner id is at hand. */
  take(): Batch | undefined;
  /** Of those taken from this batch, `ready` are committed and `refused` are not. */
  committed(batch: Batch, ready: readonly Waiting[], refused: number): void;
  /** Nobody knows what of the batch was written: it takes no more. */
  seal(batch: Batch): void;
  /** Looks again, as when a dispatch has ended. */
  pump(): void;
  /** Starts everything now, and waits for it at most `ms` milliseconds. Gives the events that are left. */
  drain(ms: number): Promise<number>;
}

/**
 * The least time between two starts that are not full, milliseconds. At 50 events a second ten of them share a
 * workflow.
 */
const START_EVERY_MS = 200;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5_000;
/** A start has a deadline of 4 s. */
const STOP_WITHIN_MS = 5_000;

/** The batches of one publisher. */
export function createBatches(dependencies: BatchesDependencies): Batches {
  const gathering = createGathering(dependencies);
  let backlog = 0;
  let timer: NodeJS.Timeout | undefined;
  const count = (change: number): void => {
    backlog += change;
    dependencies.onBacklog(backlog);
  };
  const starts = createStarts(dependencies, (started) => {
    count(-started);
    pump();
  });

  function pump(): void {
    if (gathering.isAlone() && starts.mayStart())
      if (starts.isDue()) gathering.close();
      else waitUntilDue();
    while (starts.mayStart()) {
      const batch = gathering.next();
      if (!batch) return;
      starts.begin(batch);
    }
  }
  function waitUntilDue(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      pump();
    }, starts.dueInMs());
  }

  return {
    get backlog() {
      return backlog;
    },
    close() {
      if (starts.isDue() && starts.mayStart()) gathering.close();
    },
    take() {
      const batch = gathering.take();
      if (batch) count(1);
      return batch;
    },
    committed(batch, ready, refused) {
      if (refused > 0) count(-refused);
      gathering.committed(batch, ready, refused);
    },
    seal: (batch) => gathering.seal(batch),
    pump,
    async drain(ms) {
      starts.hurry();
      const until = performance.now() + ms;
      while (backlog > 0 && performance.now() < until) {
        pump();
        await delay(Math.min(20, Math.max(1, until - performance.now())));
      }
      clearTimeout(timer);
      await starts.stop();
      return backlog;
    },
  };
}

/** The batch that takes events, and those behind it that are closed and wait for a free start. */
function createGathering({ owners, settings }: Pick<BatchesDependencies, "owners" | "settings">) {
  let open: Batch | undefined;
  const closed: Batch[] = [];
  function close(): void {
    if (open && open.size > 0) {
      closed.push(open);
      open = undefined;
    }
  }
  return {
    close,
    /** The open batch could start now, and none is before it. */
    isAlone: (): boolean => closed.length === 0 && open?.pending === 0 && open.ready.length > 0,
    next(): Batch | undefined {
      const place = closed.findIndex(({ pending }) => pending === 0);
      return place < 0 ? undefined : closed.splice(place, 1)[0];
    },
    take(): Batch | undefined {
      if (open && (open.size >= settings.batchMax || !owners.mayUse(open.owner))) close();
      if (!open) {
        const owner = owners.take();
        if (owner === undefined) return undefined;
        open = { owner, ready: [], pending: 0, size: 0 };
      }
      open.pending++;
      open.size++;
      return open;
    },
    committed(batch: Batch, ready: readonly Waiting[], refused: number): void {
      batch.ready.push(...ready);
      batch.pending -= ready.length + refused;
      if (batch === open && batch.size >= settings.batchMax) close();
      // Nothing of it was new: its id is in no record.
      if (batch !== open && batch.pending === 0 && batch.ready.length === 0) {
        owners.done(batch.owner);
        closed.splice(closed.indexOf(batch), 1);
      }
    },
    seal(batch: Batch): void {
      if (batch === open) close();
    },
  };
}

/** The starts of workflows: a few at a time, and each until the engine has it. */
function createStarts(dependencies: BatchesDependencies, onStarted: (events: number) => void) {
  const { owners, settings } = dependencies;
  const stopping = new AbortController();
  let underWay = 0;
  let last = Number.NEGATIVE_INFINITY;
  let hurrying = false;

  async function run(batch: Batch): Promise<void> {
    const carried = batch.ready.length;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      const outcome = await dependencies.start(batch);
      if (outcome !== "unavailable") break;
      // Left to another process: the owner stays announced.
      if (stopping.signal.aborted) {
        underWay--;
        return;
      }
      // Anybody may start it, and nobody twice: the engine takes an owner id once.
      await delay(wait, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
    }
    owners.done(batch.owner);
    underWay--;
    onStarted(carried);
  }
  return {
    mayStart: (): boolean =>
      !stopping.signal.aborted && underWay < settings.startsInFlight && (hurrying || dependencies.mayDispatch()),
    isDue: (): boolean => hurrying || performance.now() - last >= START_EVERY_MS,
    dueInMs: (): number => START_EVERY_MS - (performance.now() - last),
    begin(batch: Batch): void {
      last = performance.now();
      underWay++;
      void run(batch);
    },
    /** From now on nothing waits to become part of a larger batch. */
    hurry: (): void => void (hurrying = true),
    /** Gives up what the engine does not take. A start under way ends by itself within a few seconds. */
    async stop(): Promise<void> {
      stopping.abort();
      for (const until = performance.now() + STOP_WITHIN_MS; underWay > 0 && performance.now() < until;)
        await delay(20);
    },
  };
}
