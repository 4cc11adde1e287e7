/**
 * The decisions of the protocol as the model takes them: the very functions that the service runs. A test may plant a
 * bug by giving another one.
 */
import { begunOf } from "../../src/activities/early/adopt-early.js";
import { listingOf } from "../../src/activities/early/early-entries.js";
import { claimOf, ownershipOf } from "../../src/activities/event-claims.js";
import { addedAttempt, firstRecordOf, itemGoingOn, itemOf, withChange } from "../../src/activities/first-records.js";
import { afterRerun, asTheyStand, caughtUp, changeOf } from "../../src/activities/retry-status.js";
import { decideRoute, isDoubtful, isOutOfDate } from "../../src/activities/route-decision.js";
import { answerOf } from "../../src/api/publish/accept/existing-event.js";
import {
  abandonmentOf,
  afterStart,
  hasLanded,
  isOver,
  mayUseIds,
  missedBy,
  recordsByOwner,
  writtenOf,
} from "../../src/api/publish/accept/ownership.js";
import { decideRecord } from "../../src/store/deliveries/delivery-changes.js";
import { matches } from "../../src/store/mongo/guards.js";
import { mayHaveRun } from "../../src/workflows/may-have-run.js";
import { fulfilsRequests, startedAfresh } from "../../src/workflows/retry/items.js";

export const DECISIONS = {
  abandonmentOf,
  addedAttempt,
  afterRerun,
  afterStart,
  answerOf,
  /** For how long the store has answered (landed.ts). The time in which it stands still does not count. */
  answeredForMs: ({ ranMs }: { passedMs: number; ranMs: number }): number => ranMs,
  asTheyStand,
  begunOf,
  caughtUp,
  changeOf,
  claimOf,
  decideRecord,
  decideRoute,
  firstRecordOf,
  fulfilsRequests,
  hasLanded,
  isDoubtful,
  /** Whether a process knows of an erasure (`Erasures.lately` in src/store/store.ts). */
  isErasedLately: (lately: ReadonlySet<string>, eventId: string): boolean => lately.has(eventId),
  isOutOfDate,
  isOver,
  itemGoingOn,
  itemOf,
  listingOf,
  /** The compare of a compare-and-set. */
  matches,
  mayHaveRun,
  mayUseIds,
  missedBy,
  ownershipOf,
  /** Whether the engine refuses a start whose id it knows, open or closed. */
  refusesDuplicate: (isKnown: boolean): boolean => isKnown,
  startedAfresh,
  recordsByOwner,
  withChange,
  writtenOf,
};
export type Decisions = typeof DECISIONS;

/** The bug of a retry that goes on from a record, whichever workflow it names. */
export const LOOKS_AT_NO_WORKFLOW: Partial<Decisions> = {
  caughtUp: (item, record) => DECISIONS.caughtUp(item, record, record?.workflowId ?? ""),
  asTheyStand: (items, refused) =>
    items.flatMap((item) => {
      const own = refused.find(({ id }) => id === item.deliveryId)?.stands?.workflowId ?? "";
      return DECISIONS.asTheyStand([item], refused, own);
    }),
};
