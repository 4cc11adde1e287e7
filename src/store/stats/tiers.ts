/**
 * How counts lie in time. A tier has slots of one length, and one document holds the slots of a longer stretch for one
 * scope. So a chart of a day reads a few documents by their exact ids, which both engines do by their index.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../workflows/durations.js";

/** What counts are kept for: a subscription, or an api over all its subscriptions. */
export type Scope = `sub/${string}` | `api/${string}`;

export interface Tier {
  /** First letter of the ids. */
  readonly name: "m" | "q" | "h" | "d";
  readonly slotMs: number;
  /** What one document holds. */
  readonly documentMs: number;
  readonly keptMs: number;
}

export const MINUTES: Tier = { name: "m", slotMs: MINUTE_MS, documentMs: HOUR_MS, keptMs: 2 * DAY_MS };
export const QUARTERS: Tier = { name: "q", slotMs: 15 * MINUTE_MS, documentMs: DAY_MS, keptMs: 14 * DAY_MS };
export const HOURS: Tier = { name: "h", slotMs: HOUR_MS, documentMs: 8 * DAY_MS, keptMs: 90 * DAY_MS };
export const DAYS: Tier = { name: "d", slotMs: DAY_MS, documentMs: 64 * DAY_MS, keptMs: 730 * DAY_MS };
/** The finest first. */
export const TIERS: readonly Tier[] = [MINUTES, QUARTERS, HOURS, DAYS];

/** The beginning of the stretch of this length that an instant is in, in UTC. */
export const floorTo = (at: number, lengthMs: number): number => Math.floor(at / lengthMs) * lengthMs;
export const ceilTo = (at: number, lengthMs: number): number => Math.ceil(at / lengthMs) * lengthMs;

/** Id of the document of a scope in which this instant is. The scope comes first, so that one scope is one range. */
export const documentId = (tier: Tier, scope: Scope, at: number): string =>
  `${scope}/${tier.name}/${Math.floor(at / tier.documentMs)}`;
/** The number of a slot within its document. */
export const slotOf = (tier: Tier, at: number): number => Math.floor((at % tier.documentMs) / tier.slotMs);
/** When a document that holds this instant is over. */
export const expiryOf = (tier: Tier, at: number): Date =>
  new Date(floorTo(at, tier.documentMs) + tier.documentMs + tier.keptMs);

/** A part of a window that is read from one tier. */
export interface Segment {
  tier: Tier;
  from: number;
  to: number;
}

/**
 * The tiers that a window is read from, the oldest part first: `tier` as far as it is filled, and finer ones for what
 * came since. `rolledUntil` is the instant up to which all coarser tiers are filled.
 */
export function segmentsOf(tier: Tier, { from, to }: { from: number; to: number }, rolledUntil: number): Segment[] {
  const segments: Segment[] = [];
  let start = from;
  for (const each of TIERS.slice(0, TIERS.indexOf(tier) + 1).reverse()) {
    const end = each === MINUTES ? to : Math.min(to, floorTo(rolledUntil, each.slotMs));
    if (end > start) segments.push({ tier: each, from: start, to: end });
    start = Math.max(start, end);
  }
  return segments;
}

/** The beginnings of the documents that hold a segment. */
export function documentsOf({ tier, from, to }: Segment): number[] {
  const starts: number[] = [];
  for (let at = floorTo(from, tier.documentMs); at < to; at += tier.documentMs) starts.push(at);
  return starts;
}
