/**
 * Checks responses in a thread of its own. A hostile response of 21 KB took 0.3 s of CPU, in which nothing else was
 * answered. Few are checked at once, and few wait. A check that takes too long is ended together with its thread.
 */
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";
import { threadFile } from "../../thread-file.js";
import type { CheckedResponse, PostedResponse } from "./check-response.js";
import { refused, type SamlRefused } from "../refusals.js";

export interface ResponseChecks {
  /** Checks one response. `busy` when too many wait, and `too_slow` when it took too long. */
  check(posted: PostedResponse): Promise<CheckedResponse | SamlRefused>;
  /** So many threads may run or be idle. */
  threads(): number;
  close(): Promise<void>;
}

export interface ResponseCheckOptions {
  /** Most responses that wait for a thread. */
  waiting?: number;
  /** Longest check of one response, milliseconds. */
  deadlineMs?: number;
}

/** A log-in takes some 40 ms of CPU, so two threads check 50 a second. */
const MAX_THREADS = Math.min(2, availableParallelism());
const WAITING = 32;
/** A response with 1,900 groups takes 1 s of CPU. A thread on a busy machine gets a fifth of the CPU. */
const DEADLINE_MS = 10_000;
/**
 * The longest wait for a free thread or for a start. A start takes 0.5 s on an idle machine. It took 35 s on one with
 * eight times too much to do.
 */
const WAIT_MS = 60_000;
const IDLE_MS = 60_000;

interface Task {
  posted: PostedResponse;
  begun: BigInt64Array;
}

/** Aborts so long after the check began, or when it does not begin at all. */
function createDeadline(begun: BigInt64Array, deadlineMs: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const since = Date.now();
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const at = Number(Atomics.load(begun, 0));
    const left = at === 0 ? since + WAIT_MS - Date.now() : at + deadlineMs - Date.now();
    if (left <= 0) controller.abort();
    else timer = setTimeout(look, at === 0 ? Math.min(left, deadlineMs) : left);
  };
  timer = setTimeout(look, deadlineMs);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** The checks of one process. No thread runs until there is something to check. */
export function createResponseChecks({
  waiting = WAITING,
  deadlineMs = DEADLINE_MS,
}: ResponseCheckOptions = {}): ResponseChecks {
  let made: Piscina<Task, CheckedResponse | SamlRefused> | undefined;
  const pool = () =>
    (made ??= new Piscina({
      ...threadFile("check-thread", import.meta.url),
      minThreads: 0,
      maxThreads: MAX_THREADS,
      maxQueue: waiting,
      idleTimeout: IDLE_MS,
      // Of the environment it needs nothing. The heap bounds what a response may unfold to.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 128 },
      atomics: "disabled",
      recordTiming: false,
    }));
  return {
    async check(posted) {
      if (pool().queueSize >= waiting) return refused("busy");
      const begun = new BigInt64Array(new SharedArrayBuffer(8));
      const deadline = createDeadline(begun, deadlineMs);
      try {
        return await pool().run({ posted, begun }, { signal: deadline.signal });
      } catch (error) {
        if (deadline.signal.aborted) return refused("too_slow");
        // A thread that ran out of its heap takes its response along, and the next one gets a new thread.
        if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY")
          return refused("response_too_complex");
        throw error;
      } finally {
        deadline.clear();
      }
    },
    threads: () => made?.threads.length ?? 0,
    close: async () => made?.destroy(),
  };
}

let ofProcess: ResponseChecks | undefined;

/** The checks that everything in this process shares, because one thread takes 35 MB. */
export const sharedResponseChecks = (): ResponseChecks => (ofProcess ??= createResponseChecks());
