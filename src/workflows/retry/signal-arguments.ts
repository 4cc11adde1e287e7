/** What people and our own API write into the signals of `retryDelivery`, read with care. */
import { patched } from "@temporalio/workflow";
import { aheadMs } from "../clocks.js";
import type { BreakerPass } from "../contract.js";
import { isOwn } from "../proof.js";
import { UnreadableInput } from "../payload-converter.js";

/** An id that no delivery has. */
const NO_DELIVERY = [""];

/**
 * No ids mean every delivery. People send signals by hand: what is no such argument must neither stop the workflow nor
 * mean all.
 */
export function idsOf(signal: unknown): string[] {
  const isArgument =
    signal === undefined ||
    signal === null ||
    (typeof signal === "object" && !Array.isArray(signal) && !(signal instanceof UnreadableInput));
  if (!isArgument) return patched("signal-shape") ? NO_DELIVERY : [];
  const { deliveryIds } = (signal ?? {}) as { deliveryIds?: unknown };
  if (deliveryIds === undefined || deliveryIds === null) return [];
  if (!Array.isArray(deliveryIds)) return NO_DELIVERY;
  return deliveryIds.length === 0 ? [] : [...NO_DELIVERY, ...deliveryIds.filter((id) => typeof id === "string")];
}

/** The instant before which each of these is not to be sent, by the clock that shows `now`. */
export function startsOf(signal: unknown, now: number): ReadonlyMap<string, number> {
  const { deliveryIds, notBefore, asOf } = (signal ?? {}) as Record<"deliveryIds" | "notBefore" | "asOf", unknown>;
  if (!Array.isArray(deliveryIds) || !Array.isArray(notBefore)) return new Map();
  const ahead = aheadMs(typeof asOf === "number" ? asOf : undefined, now);
  return new Map(
    deliveryIds.flatMap((id: unknown, index) => {
      const at: unknown = notBefore[index];
      return typeof id === "string" && typeof at === "number" && Number.isFinite(at) ? [[id, at - ahead] as const] : [];
    }),
  );
}

/**
 * Why the breaker lets these deliveries go. Only our own workers may say so, because it opens a way to the endpoint.
 */
export function passOf(signal: unknown): BreakerPass | undefined {
  const { pass } = (signal ?? {}) as { pass?: unknown };
  return (pass === "probe" || pass === "release") && isOwn(signal) ? pass : undefined;
}

export function textsOf(signal: unknown): { by: string | undefined; reason: string | undefined } {
  const { by, reason } = (signal ?? {}) as { by?: unknown; reason?: unknown };
  return { by: typeof by === "string" ? by : undefined, reason: typeof reason === "string" ? reason : undefined };
}

/** The one subscription that a signal is about. Absent: all. What is no id means no subscription that there is. */
export function subscriptionOf(signal: unknown): string | undefined {
  if (typeof signal !== "object" || signal === null || signal instanceof UnreadableInput) return undefined;
  const { subscriptionId } = signal as { subscriptionId?: unknown };
  if (subscriptionId === undefined || subscriptionId === null) return undefined;
  return typeof subscriptionId === "string" ? subscriptionId : "";
}
