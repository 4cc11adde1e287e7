/**
 * The leases that this process holds for its runs of dispatches. The engine may give the dispatch of a starved worker
 * to another one, and does not end what the first one has under way. So a run that lasts takes the lease of its
 * workflow, and a run that may not be the first sends nothing before it has it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";
import { StoreError } from "../../store/store-error.js";
import { createHeldLease, type HeldLease, type HeldLeaseDependencies, RENEW_MS } from "./held-lease.js";

export interface RunLeases {
  /**
   * Begins a run of a workflow's dispatch. A rerun waits until the database has said who holds the lease.
   * @throws ApplicationFailure `run_under_way` while another process goes on with it. The engine tries it again. Throws
   * the reason of the signal when the run was given up meanwhile.
   */
  enter(run: string, options: RunOptions): Promise<RunLease>;
}

export interface RunOptions {
  /** An earlier run may have got somewhere. */
  rerun: boolean;
  signal?: AbortSignal | undefined;
  /** Told when another process has the lease. This run begins nothing more. */
  onLost: () => void;
}

export interface RunLease {
  /** Whether this run may send now. Never rejects: while the database does not answer, it may not. */
  mayBegin(): Promise<boolean>;
  /** The run has ended. The last one of a workflow in this process gives the lease back. Never rejects. */
  leave(): Promise<void>;
}

export interface RunLeasesDependencies extends HeldLeaseDependencies {
  /** A first run takes the lease when it has lasted for so long, milliseconds. */
  fromMs?: number;
}

/**
 * The engine gives a task to another worker after 10 s. This is half of it, so that a worker which is starved for five
 * seconds still takes the lease in time. Most dispatches end within one second, and pay nothing.
 */
const FROM_MS = 5_000;
/** A rerun that the database does not answer asks again after this time. */
const AGAIN_MS = 500;
/** A run that waits for another process's comes back after this time. It holds no place meanwhile. */
const COME_BACK_MS = 2_000;

/** What ends a run that may not send any more. */
export const runUnderWay = (): ApplicationFailure =>
  ApplicationFailure.create({
    message: "Another worker goes on with this dispatch. It is tried again, and what that one sent is on record then.",
    type: "run_under_way",
    nextRetryDelay: COME_BACK_MS,
    category: ApplicationFailureCategory.BENIGN,
  });

export function createRunLeases({ fromMs = FROM_MS, ...dependencies }: RunLeasesDependencies): RunLeases {
  /** One for each workflow with a run in this process. */
  const table = new Map<string, HeldLease>();

  function heldFor(run: string): HeldLease {
    const found = table.get(run);
    if (found && !found.isLost()) return found;
    const held = createHeldLease(run, dependencies, () => {
      if (table.get(run) === held) table.delete(run);
    });
    table.set(run, held);
    return held;
  }
  async function askUntilAnswered(run: string, held: HeldLease, signal: AbortSignal | undefined): Promise<boolean> {
    for (;;) {
      signal?.throwIfAborted();
      try {
        return await held.ask();
      } catch (error) {
        if (!(error instanceof StoreError && error.code === "unavailable")) throw error;
        dependencies.log.warn({ err: error, run }, "the lease of a dispatch could not be taken; tried again");
      }
      await delay(AGAIN_MS);
    }
  }

  return {
    async enter(run, { rerun, signal, onLost }) {
      while (table.get(run)?.leaving()) await table.get(run)?.leaving();
      const held = heldFor(run);
      const leave = held.join(onLost);
      const since = performance.now();
      const mayBegin = async (): Promise<boolean> => {
        if (held.isLost()) return false;
        const isSure = held.isSure();
        // The timer of a starved process comes late, so the clock is asked as well.
        const isEarly = isSure === undefined && !rerun && performance.now() - since < fromMs;
        return isSure === true || isEarly || held.ask().catch(() => false);
      };
      try {
        if (rerun && held.isSure() === undefined && !(await askUntilAnswered(run, held, signal))) throw runUnderWay();
      } catch (error) {
        await leave();
        throw error;
      }
      held.askLater(rerun ? RENEW_MS : fromMs);
      return { mayBegin, leave };
    },
  };
}
