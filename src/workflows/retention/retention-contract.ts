/** What the workflow `retention` counts, and the activities behind it. Plain data, like contract.ts. */

/** Where a step goes on. Only the store reads it (src/store/retention/due-events.ts). */
export type RetentionCursor = { apiId: string; at?: number; id?: string } | { skip: number };

/** What one run has done. */
export interface RetentionCount {
  /** Events that were removed, by api. */
  events: Record<string, number>;
  deliveries: number;
  /** Events that are old enough and stay, because something of them is open. */
  open: number;
  /** The same, because of a legal hold. */
  held: number;
  /**
   * A step was tried again. What it had removed before it was lost with its process is in no count, so each number of
   * what was removed is the least that it can be.
   */
  atLeast?: true;
}

/** The result of one step. */
export interface RetentionStep extends RetentionCount {
  /** Absent when nothing is left. */
  next?: RetentionCursor;
}

export interface RetentionActivities {
  /** Removes some of what is old enough, from there on. */
  retentionStep(input: { after?: RetentionCursor }): Promise<RetentionStep>;
  /** Puts on record what a run has removed. One that removed nothing leaves no record. */
  recordRetention(input: { run: string; count: RetentionCount }): Promise<void>;
}
