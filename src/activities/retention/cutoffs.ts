/** Until when events are old enough to be removed. */
import type { Api } from "../../store/model.js";
import type { Cutoffs } from "../../store/retention/retention-store.js";
import { DAY_MS } from "../../workflows/durations.js";

export interface RetentionRules {
  /** `EVENT_RETENTION_DAYS`. Events are kept for ever when absent. */
  retentionDays: number | undefined;
  apis: Iterable<Pick<Api, "id" | "retentionDays">>;
  /**
   * For how long the engine keeps histories. No record goes before its history, because whoever repeats the history
   * would find nothing that says that it was delivered.
   */
  engineRetentionMs: number;
  now: number;
}

/** Undefined when every event is kept for ever. */
export function cutoffsOf({ retentionDays, apis, engineRetentionMs, now }: RetentionRules): Cutoffs | undefined {
  const cutoff = (days: number): Date => new Date(now - Math.max(days * DAY_MS, engineRetentionMs));
  const byApi = new Map<string, Date>();
  for (const { id, retentionDays: own } of apis) if (own !== undefined) byApi.set(id, cutoff(own));
  if (retentionDays === undefined && byApi.size === 0) return undefined;
  return { byApi, ...(retentionDays !== undefined && { others: cutoff(retentionDays) }) };
}
