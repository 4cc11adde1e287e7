/**
 * Runs synchronous work with a deadline that holds. The engine itself ends a regular expression that backtracks, or a
 * loop or a recursion without end (`vm` with `timeout`, which interrupts the whole isolate). It costs 0.1 ms a run, so
 * work that is known to be quick runs without it.
 */
import vm from "node:vm";

export type Watchdog = <T>(work: () => T, limitMs: number) => { ok: true; value: T } | { ok: false; code: "too_slow" };

export function createWatchdog(): Watchdog {
  const sandbox: { run: () => unknown } = { run: () => undefined };
  let made: { context: vm.Context; script: vm.Script } | undefined;
  return <T>(work: () => T, limitMs: number) => {
    made ??= { context: vm.createContext(sandbox), script: new vm.Script("run()") };
    sandbox.run = work;
    try {
      return { ok: true as const, value: made.script.runInContext(made.context, { timeout: limitMs }) as T };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
        return { ok: false as const, code: "too_slow" as const };
      throw error;
    } finally {
      sandbox.run = () => undefined;
    }
  };
}
