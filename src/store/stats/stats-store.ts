/** What the rest of the program sees of the counters. */
import type { Attempt, Delivery } from "../delivery-model.js";
import type { Cell } from "./cells.js";
import type { Scope, Tier } from "./tiers.js";

/** What counts are told apart by. */
export type CountedDelivery = Pick<Delivery, "subscriptionId" | "eventType" | "apiId">;

/** Something that was recorded. */
export interface Recorded {
  delivery: CountedDelivery;
  /** The status that the delivery has reached by it. Absent if it has the one that it had. */
  status?: Delivery["status"];
  attempt?: Pick<Attempt, "at" | "outcome" | "status" | "durationMs">;
}

/** Counts what was recorded. It costs about a microsecond, never waits and never fails. */
export type CountRecorded = (recorded: Recorded) => void;

/** The counts of one scope, one event type and one slot. */
export interface CountedSlot {
  scope: Scope;
  eventType: string;
  /** Milliseconds since the epoch at which the slot begins. */
  at: number;
  cell: Cell;
}

export interface StatsQuery {
  scopes: readonly Scope[];
  /** The coarsest tier that may be read. */
  tier: Tier;
  /** Milliseconds since the epoch, whole slots of the tier. */
  from: number;
  to: number;
}

export interface StatsStore {
  /** Whether this process counts (`STATS`). What others count is read in any case. */
  readonly counts: boolean;
  /** Counts what was recorded. The store of deliveries does so itself. */
  count: CountRecorded;
  /**
   * Gives the counts slot by slot to `take`, in no order. Reads by exact id, at most `MOST_DOCUMENTS`. False when the
   * scopes have more, so that the last ones were left out. Throws StoreError `unavailable`.
   */
  read(query: StatsQuery, take: (slot: CountedSlot) => void): Promise<boolean>;
  /** Writes what is counted and not written yet. Throws StoreError `unavailable`, and it is written later then. */
  flush(): Promise<void>;
  /**
   * Sums up minutes into quarters of an hour, those into hours and days, for these scopes, and forgets what is over.
   * Repeatable, also by several processes at once. Gives the instant up to which it is done.
   */
  rollUp(scopes: readonly Scope[], now?: Date): Promise<Date>;
  /** Forgets all counts of these scopes. */
  forget(scopes: readonly Scope[]): Promise<void>;
}
