/** The store of events as the rest of the program uses it. */
import type { EventRecord } from "../model.js";
import type { Counted, Page, PageRequest } from "../collection.js";

export interface EventFilter {
  type?: string;
  types?: string[];
  /** Without those that are being removed by their age, and those that were erased by themselves. */
  present?: true;
  apiIds?: string[];
  since?: Date;
  until?: Date;
}

export interface EventStore {
  /**
   * Unordered insert of records with their sealed payloads (scope `api/<apiId>`, or `group/<id>` when addressed to
   * exactly one group). Gives the ids that existed before (inserted by whomever); everything else is durable on return.
   * Events whose data key is destroyed get a bare record and count as there before.
   */
  insertMany(records: { record: EventRecord; payload: Uint8Array }[]): Promise<string[]>;
  get(id: string): Promise<EventRecord | undefined>;
  /**
   * By exact `_id` each: `$in` is a scan on FerretDB. An aborted signal stops the reading, and its reason is thrown.
   */
  getMany(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, EventRecord>>;
  payload(id: string): Promise<Uint8Array | undefined>;
  payloads(ids: string[]): Promise<Map<string, { record: EventRecord; payload: Uint8Array }>>;
  list(page: PageRequest, filter: EventFilter): Promise<Page<EventRecord>>;
  /** How many the filter names. It stops above `most`. */
  count(filter: EventFilter, most: number): Promise<Counted>;
  /**
   * Removes payload and hash, for good. The bare record stays. False when there was nothing to remove, or when the id
   * was used again since that erasure.
   */
  expunge(id: string, at: Date): Promise<boolean>;
  /** Those of these events whose content is there: neither erased nor being removed by their age. */
  getPresent(ids: readonly string[]): Promise<Map<string, EventRecord>>;
  /** Those of these events whose content is erased: expunged, or with its data key. */
  erasedOf(ids: string[]): Promise<Set<string>>;
  /**
   * The records of these owners. An index finds them on MongoDB. FerretDB reads the whole collection, which
   * happens only after a process was lost. Throws the reason of the signal when it is aborted.
   */
  ofOwners(owners: string[], signal?: AbortSignal): Promise<EventRecord[]>;
  /** Atomically changes the owner from `from` to `to`; false when it was not `from`. */
  takeOver(id: string, from: string, to: string): Promise<boolean>;
}
