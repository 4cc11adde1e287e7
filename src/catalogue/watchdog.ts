/**
 * Runs synchronous work with a deadline that holds. The engine itself ends a regular expression that backtracks, or a
 * loop or a recursion without end (`vm` with `timeout`, which interrupts the whole isolate). It costs 0.1 ms a run, so
 * work that is known to be quick runs without it.
 */
import { readFileSync } from "node:fs";
import vm from "node:vm";

export type Watchdog = <T>(work: () => T, limitMs: number) => { ok: true; value: T } | { ok: false; code: "too_slow" };

/**
 * The engine's deadline is of the clock. On a busy machine the thread may have waited for a processor for most of it,
 * and then the work was not slow. So it is done again, each time with twice as long.
 */
const MOST_TRIES = 3;
/** The work was slow itself if the thread had the processor for this part of the time. */
const SHARE_OF_TIME = 0.8;

/** @returns what `work` returns. It may be run again, so it must leave nothing behind. `limitMs` in milliseconds */
export function createWatchdog(): Watchdog {
  const sandbox: { run: () => unknown } = { run: () => undefined };
  let made: { context: vm.Context; script: vm.Script } | undefined;
  const runOnce = <T>(work: () => T, timeout: number): { value: T } | undefined => {
    made ??= { context: vm.createContext(sandbox), script: new vm.Script("run()") };
    sandbox.run = work;
    try {
      return { value: made.script.runInContext(made.context, { timeout }) as T };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
      throw error;
    } finally {
      sandbox.run = () => undefined;
    }
  };
  return (work, limitMs) => {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const limit = limitMs * 2 ** tries;
      const before = threadTimeMs();
      const done = runOnce(work, limit);
      if (done) return { ok: true, value: done.value };
      if (threadTimeMs() - before >= limit * SHARE_OF_TIME) break;
    }
    return { ok: false, code: "too_slow" };
  };
}

/**
 * How long this thread has had a processor, in milliseconds. Only Linux tells it of one thread. Elsewhere it is that of
 * the whole process, which is never less.
 */
function threadTimeMs(): number {
  try {
    // The first number is nanoseconds (Linux, Documentation/scheduler/sched-stats.rst).
    return Number.parseInt(readFileSync("/proc/thread-self/schedstat", "latin1"), 10) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
}
