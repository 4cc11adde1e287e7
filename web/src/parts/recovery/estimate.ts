/** How long a recovery will take at the pace that was chosen. */
import type { Schemas } from "../../api/client.js";

/** The rate that was typed. Undefined for none, and for what is no rate. */
export function rateOf(text: string): number | undefined {
  const rate = Number(text.replace(",", "."));
  return text.trim() !== "" && Number.isFinite(rate) && rate >= 0.01 ? rate : undefined;
}

type Estimated = Pick<Schemas["RecoveryPreview"], "estimatedSeconds" | "bySubscription">;

/** Seconds. A chosen rate lowers that of each endpoint, and the slowest decides. */
export function estimateOf({ estimatedSeconds, bySubscription }: Estimated, ratePerSecond: number | undefined): number {
  if (ratePerSecond === undefined) return estimatedSeconds;
  const slowest = bySubscription.reduce(
    (most, { count, ratePerSecond: own }) => Math.max(most, count / Math.min(own, ratePerSecond)),
    0,
  );
  return Math.max(estimatedSeconds, Math.ceil(slowest));
}
