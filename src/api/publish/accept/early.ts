/**
 * What the publisher tells the worker of the same process. The worker injects it, because the API imports no activity.
 */
import type { EarlyListing, PublishedEvent } from "../../../workflows/contract.js";

/** First attempts of events that were committed a moment ago, by the worker of the same process. */
export interface EarlyAttempts {
  /** Begins what may begin now; the rest is left to the dispatch. Never throws. */
  begin(owner: string, events: readonly { event: PublishedEvent; payload: Uint8Array }[]): void;
  /** What was begun of these events, for the input of their workflow. */
  listing(owner: string, events: readonly PublishedEvent[]): EarlyListing | undefined;
}
