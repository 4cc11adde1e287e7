/** Ids: a prefix that says what it is, and a ULID, so that they sort by time. */
import { monotonicFactory } from "ulid";

// The monotonic form draws fresh randomness once a millisecond instead of for every id.
const next = monotonicFactory();

/** A new id such as `evt_01K…`; prefixes: evt, sub, grp, api, rec, key, and batch, again for workflows. */
export const newId = (prefix: string): string => `${prefix}_${next()}`;
