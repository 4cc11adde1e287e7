/** Lets a dispatch begin when this process has a place for it. */
import { activityInfo } from "@temporalio/activity";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";
import { LRUCache } from "lru-cache";
import type { WorkPlaces } from "./work-places.js";

/** A dispatch that may begin. */
export interface Admitted {
  /** An earlier run may have got somewhere. */
  rerun: boolean;
  /** What an earlier run has got done is known: another rerun may read. */
  hasRead: () => void;
  /** What is left is slow, or nothing: others may begin. */
  leave: () => void;
}

/** Half of the two minutes that the engine gives a dispatch. The other half is for the work itself. */
const WAIT_MS = 60_000;
/**
 * A rerun that found no room comes back after this time, longer each time and spread. It is above `localRetryThreshold`
 * of deliver-event.ts: the workflow waits for a timer then, and holds no slot of the worker.
 */
const AGAIN_MS = { least: 12_000, most: 30_000 };
/** Dispatches that are remembered because they found no place. A forgotten one reads the records for nothing. */
const REMEMBERED = 10_000;

/**
 * Runs a dispatch once there is a place for it. `since`: when its oldest event was accepted.
 * @throws ApplicationFailure `no_place`. The engine tries it again
 */
export type RunAdmitted = <T>(
  wanted: { since: number; rerun: boolean },
  run: (admitted: Admitted) => Promise<T>,
) => Promise<T>;

const againMs = (attempt: number): number =>
  Math.round(Math.min(AGAIN_MS.most, AGAIN_MS.least * 1.5 ** (attempt - 1)) * (1 + Math.random() / 4));

export function createRunAdmitted({ places, stopping }: { places: WorkPlaces; stopping?: AbortSignal }): RunAdmitted {
  /** The last run of each activity that never began, where none before had begun either. */
  const neverBegan = new LRUCache<string, number>({ max: REMEMBERED });

  async function admit({ since, rerun: given }: { since: number; rerun: boolean }): Promise<Admitted> {
    const { attempt, workflowExecution } = activityInfo();
    // A workflow has one dispatch. After a timer it is another activity, and its attempts go on being counted.
    const id = workflowExecution?.runId ?? "";
    // A run that found no place has done nothing. The next one need not look for what it did.
    const isFirst = attempt === 1 || neverBegan.get(id) === attempt - 1;
    const rerun = given || !isFirst;
    const wanted = { name: "", since, waitMs: WAIT_MS, signal: stopping };
    const ofReruns = rerun ? await places.reruns.enter(wanted) : undefined;
    const place = rerun && !ofReruns ? undefined : await places.dispatches.enter(wanted);
    if (!place) {
      ofReruns?.leave();
      if (isFirst) neverBegan.set(id, attempt);
      throw ApplicationFailure.create({
        message: "This process has as much under way as it may. The dispatch is tried again.",
        type: "no_place",
        // Any other dispatch comes back as soon as the engine lets it, and so does all that a stop has sent away.
        ...(rerun && !ofReruns && !stopping?.aborted && { nextRetryDelay: againMs(attempt) }),
        category: ApplicationFailureCategory.BENIGN,
      });
    }
    neverBegan.delete(id);
    const hasRead = (): void => ofReruns?.leave();
    const leave = (): void => {
      place.leave();
      hasRead();
    };
    return { rerun, hasRead, leave };
  }
  return async (wanted, run) => {
    const admitted = await admit(wanted);
    try {
      return await run(admitted);
    } finally {
      admitted.leave();
    }
  };
}
