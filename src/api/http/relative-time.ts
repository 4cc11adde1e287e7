/**
 * `since=-15m` in the query of a list. It is reckoned from one instant, which the cursor carries on. So the window of a
 * list does not move while a reader pages through it.
 */
import { instantFrom } from "./primitives.js";

const BOUNDS = ["since", "until"] as const;
/** Behind the list's own cursor: `~n` and the milliseconds in base 36. No cursor of such a list holds a `~`. */
const FROZEN = /~n([0-9a-z]{1,11})$/;

/** The query with instants for bounds, and the instant to carry on if it had others. */
export interface Reckoned {
  query: Record<string, unknown>;
  frozen?: number;
}

/** Whether the query has bounds in time. */
export const hasBounds = (shape: Record<string, unknown> | undefined): boolean =>
  shape !== undefined && BOUNDS.some((bound) => bound in shape);

/** Reckons the bounds of a checked query from the instant that its cursor carries, or from `now`. */
export function reckon(query: Record<string, unknown>, now: number): Reckoned {
  const { cursor } = query;
  const carried = typeof cursor === "string" ? FROZEN.exec(cursor) : null;
  const from = carried?.[1] === undefined ? now : Number.parseInt(carried[1], 36);
  const reckoned: Record<string, unknown> = { ...query };
  if (carried && typeof cursor === "string") reckoned["cursor"] = cursor.slice(0, carried.index);
  let relative = false;
  for (const bound of BOUNDS) {
    const text = query[bound];
    if (typeof text !== "string" || !text.startsWith("-")) continue;
    reckoned[bound] = instantFrom(text, from);
    relative = true;
  }
  return relative ? { query: reckoned, frozen: from } : { query: reckoned };
}

/** The cursor with the instant that the next page is reckoned from. */
export const carryOn = (cursor: string, frozen: number | undefined): string =>
  frozen === undefined ? cursor : `${cursor}~n${frozen.toString(36)}`;
