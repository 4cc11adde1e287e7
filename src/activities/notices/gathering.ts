/** Which notices go out together, when, and how often it is tried. It is the same for mail and for chat channels. */
import { soonOf } from "../../catalogue/notices/notice-kinds.js";
import type { Notice } from "../../store/notices/notice.js";
import { HOUR_MS, MINUTE_MS } from "../../workflows/durations.js";

/** Messages to one reader within a day, so that nobody is flooded, whatever happens. */
export const MOST_MESSAGES_A_DAY = 20;

/** After so many deferrals a message is given up: 2, 4, 8 … 120 minutes, about a day in all. */
export const MOST_DEFERRALS = 16;
const MOST_PAUSE_MS = 120 * MINUTE_MS;

/** How long a message waits that was put off so often before, milliseconds. */
export const deferralMs = (tries: number): number => Math.min(2 ** (tries + 1) * MINUTE_MS, MOST_PAUSE_MS);

/** What became of a message, as the metrics count it. */
export type MessageResult = "sent" | "deferred" | "refused" | "stopped" | "limited";

export interface Gathered {
  /** Notices with the same one go out together. */
  mail: string;
  dueAt: Date;
}

/** At once and alone, or at the end of the hour with the others of it. */
export const gatheredAt = (notice: Notice, at: Date): Gathered =>
  soonOf(notice) === "at_once" ? { mail: notice.id, dueAt: at } : digestAfter(at);

/** The digest of the hour that this instant lies in. */
export function digestAfter(at: Date): Gathered {
  const dueAt = new Date((Math.floor(at.getTime() / HOUR_MS) + 1) * HOUR_MS);
  return { mail: dueAt.toISOString(), dueAt };
}
