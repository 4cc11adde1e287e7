/** The activities behind the workflow `notices`. Plain data, like contract.ts. */

/** What one step has told. */
export interface NoticesStep {
  /** Notices that were published as events. */
  published: number;
  /** Notices that nobody takes as an event. */
  others: number;
  /** There are more that are due. */
  more: boolean;
}

export interface NoticesActivities {
  /** Publishes some of the notices that are due, oldest first, and files their mail. */
  tellNotices(): Promise<NoticesStep>;
}
