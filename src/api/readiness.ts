/** How a process says whether it takes publishes. */

/** What may be away while events are accepted all the same. */
export const DEGRADED = ["temporal", "workers"] as const;
export type Degraded = (typeof DEGRADED)[number];

export interface Readiness {
  /** Why a publish would not be accepted now, in a few words. Absent when it would. */
  missing?: string;
  degraded: readonly Degraded[];
}
