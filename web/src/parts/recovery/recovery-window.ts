/** How long the window of a recovery may be. */
import { DAY_MS } from "../../time/format.js";

export const MOST_RECOVERED_DAYS = 30;

/** Whether the window is longer than a recovery may have. */
export const isTooLong = ({ since, until }: { since?: string; until?: string }, now: number): boolean =>
  (until === undefined ? now : Date.parse(until)) - Date.parse(since ?? "") > MOST_RECOVERED_DAYS * DAY_MS;
