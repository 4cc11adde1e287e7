/** What is removed by its age, as the rest of the program uses it. */

/** Until when events are old enough to go. */
export interface Cutoffs {
  /** By api. An api without an instant keeps its events for ever. */
  byApi: ReadonlyMap<string, Date | undefined>;
  /** Of every other api, such as one that was deleted. Absent: for ever. */
  others?: Date;
}

/** Where the next page begins. Plain data, because it travels through the engine. */
export type AgedCursor =
  /** On MongoDB: behind this event of the api, or at the first api after it. */
  | { apiId: string; at?: number; id?: string }
  /** On FerretDB: after so many events that stay. */
  | { skip: number };

/** What was removed. */
export interface RemovedEvents {
  /** By api. */
  events: ReadonlyMap<string, number>;
  deliveries: number;
  /** Events that are old enough and stay: something of them is open, or they are held. */
  open: number;
  held: number;
}

/** One step of a run. */
export interface RetentionSweep extends RemovedEvents {
  /** Where the next step goes on. Absent when this was the last one. */
  next?: AgedCursor;
}

export interface SweepOrder {
  cutoffs: Cutoffs;
  after?: AgedCursor | undefined;
  /** Until when their deliveries have to be settled. The cutoff of the event when absent. */
  settledBefore?: Date;
  /** Those of these workflows that have ended before the instant, or are not known any more. */
  isIdle: (workflows: ReadonlySet<string>, before: Date) => Promise<ReadonlySet<string>>;
}

export interface RetentionStore {
  /**
   * Removes one page of the events that were accepted before the cutoff of their api and are settled since. Repeatable.
   * An event that is opened again meanwhile stays whole. Throws StoreError `unavailable`.
   */
  sweep(order: SweepOrder): Promise<RetentionSweep>;
  /** When the oldest event was accepted. */
  oldest(): Promise<Date | undefined>;
  /** When the api's event was accepted that has so many newer ones. Undefined when there are not so many. */
  acceptedBehind(apiId: string, newest: number): Promise<Date | undefined>;
  /** Whether the event exists and is not being removed. */
  stays(eventId: string): Promise<boolean>;
}
