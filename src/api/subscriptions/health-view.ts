/** The health of a subscription's endpoint, as it is shown with the subscription. */
import { z } from "zod";
import type { Subscription } from "../../store/model.js";
import { HEALTH_STATES } from "../../store/subscription-health.js";
import { instant } from "../http/primitives.js";

export const ENDPOINT_HEALTH = ["healthy", ...HEALTH_STATES] as const;

export const stateOfHealth = z
  .object({
    state: z
      .enum(ENDPOINT_HEALTH)
      .meta({
        description:
          "`degraded`: less than 95 % of at least 20 attempts in 15 minutes succeeded. `failing`: none of the last " +
          "10 did, over 5 minutes or more, or less than half of at least 50 in 15 minutes, and most attempts have " +
          "failed for 30 seconds. Deliveries then wait. " +
          "`recovering`: it answers again, and what waited is sent slowly at first. `disabled`: nothing is sent " +
          "until it is resumed. `healthy`: none of these, also where nothing was sent",
      }),
    since: instant.optional().meta({ description: "Absent if it is healthy" }),
    reason: z.string().optional().meta({ description: "Why, in plain words. Absent if it is healthy" }),
    nextProbeAt: instant.optional().meta({ description: "When one waiting delivery is sent to try the endpoint" }),
    disablesAt: instant
      .optional()
      .meta({ description: "When the subscription is disabled, unless an attempt succeeds before" }),
  })
  .meta({ id: "EndpointHealth" });

type View = z.input<typeof stateOfHealth>;

/** A disabled subscription is not tried, whatever its endpoint did before. */
export function stateOfHealthView({ status, statusAt, statusReason, health }: Subscription): View {
  if (status === "disabled")
    return {
      state: "disabled",
      ...(statusAt && { since: statusAt.toISOString() }),
      ...(statusReason !== undefined && { reason: statusReason }),
    };
  if (!health) return { state: "healthy" };
  const { state, since, reason, nextProbeAt, disablesAt } = health;
  return {
    state,
    since: since.toISOString(),
    ...(reason !== undefined && { reason }),
    ...(nextProbeAt && { nextProbeAt: nextProbeAt.toISOString() }),
    ...(disablesAt && { disablesAt: disablesAt.toISOString() }),
  };
}
