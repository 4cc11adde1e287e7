/** The activity behind the workflow `chat`. Plain data, like contract.ts. */

/** What one step has done. */
export interface ChatStep {
  sent: number;
  /** Messages that were put off, refused or not wanted. */
  others: number;
  /** There are more that are due. */
  more: boolean;
}

export interface ChatActivities {
  /** Sends some of the messages that are due. A channel that fails changes nothing for the others. */
  sendChat(): Promise<ChatStep>;
}
