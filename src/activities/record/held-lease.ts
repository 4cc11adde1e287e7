/** The lease of one workflow in this process: asked for, renewed, lost, given back. */
import type { Logger } from "pino";
import { RUN_LEASE_MS, type RunLeaseStore } from "../../store/collections/run-leases.js";

export interface HeldLeaseDependencies {
  runLeases: RunLeaseStore;
  /** The name of this process. */
  process: string;
  /** Whether a process of this machine has ended. */
  isGone?: (process: string) => boolean;
  log: Pick<Logger, "warn">;
}

export interface HeldLease {
  /** A run of the workflow begins in this process. What this gives ends it. The last end gives the lease back. */
  join(onLost: () => void): () => Promise<void>;
  /** Takes or renews it, one call at a time. False when another process has it. Throws StoreError `unavailable`. */
  ask(): Promise<boolean>;
  /** Asks after `ms` milliseconds, and from then on in time to keep it. Nothing happens when that is arranged. */
  askLater(ms: number): void;
  /** Undefined until it was taken. Then whether it was renewed so lately that nobody else can have it. */
  isSure(): boolean | undefined;
  isLost(): boolean;
  /** While it is given back. Whoever comes later takes it after that. */
  leaving(): Promise<void> | undefined;
}

/** A lease is renewed so often: four times within the time that it lasts. */
export const RENEW_MS = RUN_LEASE_MS / 4;
/** A lease that was renewed by this process so lately is its own for sure. The rest is for the way to the database. */
const SURE_MS = RUN_LEASE_MS - 3_000;

/** @param onEnd called once the lease is given back */
export function createHeldLease(run: string, dependencies: HeldLeaseDependencies, onEnd: () => void): HeldLease {
  const { runLeases, process, isGone, log } = dependencies;
  const runs = new Set<() => void>();
  /** When the call began that took or renewed it last, by the steady clock. */
  let sureSince: number | undefined;
  let asking: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let leaving: Promise<void> | undefined;
  let lost = false;

  async function take(): Promise<boolean> {
    const since = performance.now();
    const taken = await runLeases.take(run, process, isGone);
    if (taken) sureSince = since;
    else if (!lost) {
      lost = true;
      clearTimeout(timer);
      for (const onLost of runs) onLost();
    }
    return taken;
  }
  const ask = (): Promise<boolean> => (asking ??= take().finally(() => (asking = undefined)));
  function arrange(ms: number): void {
    timer = setTimeout(() => {
      void ask()
        .catch((error: unknown) => log.warn({ err: error, run }, "the lease of a dispatch was not renewed"))
        .finally(() => {
          if (!lost && runs.size > 0) arrange(RENEW_MS);
        });
    }, ms).unref();
  }
  async function giveBack(): Promise<void> {
    clearTimeout(timer);
    // A call under way may take it yet.
    await asking?.catch(() => undefined);
    if (sureSince !== undefined && !lost)
      await runLeases
        .leave(run, process)
        .catch((error: unknown) => log.warn({ err: error, run }, "the lease of a dispatch was not given back"));
    onEnd();
  }

  return {
    join(onLost) {
      // A function of its own, as a caller may give the same one for two runs.
      const own = (): void => onLost();
      runs.add(own);
      return async () => {
        runs.delete(own);
        if (runs.size === 0) await (leaving ??= giveBack());
      };
    },
    ask,
    askLater(ms) {
      if (!timer) arrange(ms);
    },
    isSure: () => (sureSince === undefined ? undefined : performance.now() - sureSince < SURE_MS),
    isLost: () => lost,
    leaving: () => leaving,
  };
}
