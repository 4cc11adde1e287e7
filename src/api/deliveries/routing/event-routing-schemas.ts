/** Where an event went, subscription by subscription. */
import { z } from "zod";
import { DELIVERY_STATUSES } from "../../../workflows/contract.js";
import { groupId } from "../../catalogue/schemas.js";
import { filterFields } from "../../catalogue/filter-schemas.js";
import { eventId, instant, pageQuery } from "../../http/primitives.js";
import { subscriptionId } from "../../subscriptions/schemas.js";

const outcome = z
  .enum([
    "delivered",
    "filtered",
    "not_in_service",
    "not_granted",
    "not_subscribed",
    "not_addressed",
    "pending",
    "would_deliver",
    "filter_failed",
    "unknown",
  ])
  .meta({
    description:
      "`delivered`: a delivery was made, and `status` says how far it is. `filtered`: the " +
      "subscription's filter left the event out. `not_in_service`: its status allows no deliveries. " +
      "`not_granted`: its group was not granted the event type. `not_subscribed`: it did not name the " +
      "event type, or was made later. `not_addressed`: the event was for other groups. `pending`: no " +
      "delivery is recorded yet. `would_deliver` and `filter_failed` are answers with `now=true` only: the " +
      "subscription would get the event, or its filter says neither yes nor no and the event would be parked. " +
      "`unknown`: the subscription would get the event today, was changed " +
      "since, and what the dispatch left out is not on record (any more)",
  });

export const eventRoutingQuery = pageQuery.extend({
  now: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "`true`: where the event would go with today's settings, filters included" }),
});

export const eventRoutingView = z
  .object({
    eventId,
    type: z.string(),
    acceptedAt: instant,
    dispatchedAt: instant
      .optional()
      .meta({
        description:
          "When what was left out was recorded. Absent: nothing was left out, the event is not " +
          "dispatched yet, or the record is gone (30 days)",
      }),
    complete: z.boolean().optional().meta({ description: "False when more was left out than is recorded" }),
    data: z.array(
      z.object({
        subscriptionId,
        groupId,
        outcome,
        basis: z
          .enum(["then", "now"])
          .meta({
            description:
              "`then`: as it was at the dispatch, by its record or because nothing has changed since. " +
              "`now`: as it is today",
          }),
        deliveryId: z.string().optional(),
        status: z.enum(DELIVERY_STATUSES).optional(),
        filter: z
          .string()
          .optional()
          .meta({ description: "With `now=true`, where the filter leaves the event out or fails: the expression" }),
        fields: filterFields
          .optional()
          .meta({ description: "With it: what the payload has where the filter looks. Auditors do not see it" }),
      }),
    ),
    next: z.string().nullable().meta({ description: "Cursor of the next page; null on the last one" }),
  })
  .meta({
    id: "EventRouting",
    description: "Subscriptions that were deleted since are not listed; their deliveries are with the event",
  });
