/** Publishing, events and deliveries. */
import { z } from "zod";
import { DELIVERY_STATUSES } from "../../workflows/contract.js";
import { deliveryIdOf, eventOfDelivery } from "../../workflows/event-id.js";
import { certificateFacts } from "../subscriptions/certificate-schemas.js";
import { apiId, groupRef } from "../catalogue/schemas.js";
import { exportFormat } from "../export/export-file.js";
import { eventId, eventTypeName, instant, instantOrAgo, pageQuery } from "../http/primitives.js";
import { outcomeFields } from "./outcome-view.js";
import { problemView } from "../http/problem.js";

/** Most events of one call. */
export const MAX_BATCH = 1_000;

export const publishInput = z
  .strictObject({
    type: eventTypeName,
    data: z
      .unknown()
      .meta({ description: "Any JSON value; its bytes are signed and sent exactly as they stand in the request" }),
    id: eventId.optional().meta({ description: "Your own id, which is the idempotency key. Without it one is made" }),
    groups: z.array(groupRef).min(1).max(100).optional().meta({ description: "Only subscriptions of these groups" }),
  })
  .meta({ id: "Publish" });
export type PublishInput = z.output<typeof publishInput>;
export const publishBatch = z.array(publishInput).min(1).max(MAX_BATCH).meta({ id: "PublishBatch" });

export const published = z
  .object({
    id: z.string(),
    duplicate: z
      .boolean()
      .meta({ description: "The id was accepted before with the same content; nothing was started" }),
  })
  .meta({ id: "Published" });
const publishedItem = z
  .object({
    id: z.string().optional(),
    duplicate: z.boolean().optional().meta({ description: "As for a single event; absent with `error`" }),
    error: problemView.optional().meta({ description: "Why this event was not accepted; absent when it was" }),
  })
  .meta({ id: "PublishedItem" });
export const publishedBatch = z
  .array(publishedItem)
  .meta({ id: "PublishedBatch", description: "One result each, in the order of the request" });

export const eventView = z
  .object({
    id: z.string(),
    type: z.string(),
    apiId: z.union([apiId, z.literal("")]),
    contentType: z.string(),
    sha256: z.string().meta({ description: "SHA-256 of the payload, base64url; empty once the content was erased" }),
    size: z.int(),
    acceptedAt: instant,
    expungedAt: instant.optional().meta({ description: "When the content was erased; only this bare record is left" }),
    groups: z.array(z.string()).optional(),
    cloudEvent: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: "The context attributes, where it was published as a CloudEvent; not for auditors" }),
  })
  .meta({ id: "Event" });

const deliveryFields = {
  id: z.string(),
  eventId: z.string(),
  subscriptionId: z.string(),
  groupId: z.string(),
  eventType: z.string(),
  status: z.enum(DELIVERY_STATUSES),
  reason: z.string().optional(),
  attemptCount: z.int(),
  nextAttemptAt: instant.optional(),
  workflowId: z.string().optional(),
  createdAt: instant,
  updatedAt: instant,
  lastStatus: z.int().optional().meta({ description: "HTTP status of the newest attempt; absent without an answer" }),
  lastOutcome: z.string().optional().meta({ description: "Outcome of the newest attempt; absent without an attempt" }),
  lastDurationMs: z.number().optional().meta({ description: "Milliseconds that the newest attempt took" }),
  deliveredAt: instant.optional().meta({ description: "When the endpoint last accepted it" }),
};
export const deliverySummary = z.object(deliveryFields).meta({ id: "DeliverySummary" });

const milliseconds = z.number().optional();
const timingsView = z
  .object({
    waited: milliseconds.meta({ description: "For one of our own connections to the endpoint, before all others" }),
    dns: milliseconds,
    connect: milliseconds.meta({ description: "TCP. In attempts of releases without `tls` it covers both" }),
    tls: milliseconds.meta({ description: "The handshake" }),
    firstByte: milliseconds.meta({ description: "From the beginning to the first byte of the answer" }),
    total: milliseconds.meta({ description: "The whole attempt without `waited`" }),
  })
  .meta({
    id: "AttemptTimings",
    description:
      "Milliseconds. `dns`, `connect` and `tls` are there if the attempt opened its connection. If that failed, " +
      "then the last of them is the step that failed",
  });

const attemptView = z
  .object({
    number: z.int(),
    at: instant,
    outcome: z.string(),
    status: z.int().optional(),
    durationMs: z.number(),
    ...outcomeFields,
    detail: z
      .object({
        url: z.string(),
        requestHeaders: z.record(z.string(), z.string()),
        responseHeaders: z.record(z.string(), z.string()).optional(),
        responseBody: z.string().optional(),
        responseBodyEncoding: z.enum(["utf8", "base64"]).optional(),
        truncated: z.boolean().optional(),
        hint: z.string().optional().meta({ description: "What to do about it" }),
        timings: timingsView.optional(),
        certificates: z
          .array(certificateFacts)
          .optional()
          .meta({
            description:
              "What the endpoint showed in a TLS handshake that failed: its certificate first, then the others as it " +
              "sent them, at most 5",
          }),
      })
      .optional(),
  })
  .meta({ id: "Attempt" });
export const payloadView = z
  .object({
    contentType: z.string(),
    body: z.string().meta({ description: "The bytes that were sent, as text or in base64" }),
    encoding: z.enum(["utf8", "base64"]),
  })
  .meta({ id: "Payload" });
export const deliveryView = z
  .object({
    ...deliveryFields,
    attempts: z.array(attemptView),
    payload: payloadView.optional().meta({ description: "Absent once the content was erased" }),
  })
  .meta({ id: "Delivery" });

export const eventWithDeliveries = eventView
  .extend({
    payload: payloadView.optional().meta({ description: "Absent for an auditor, and once the content was erased" }),
    deliveries: z
      .array(deliverySummary)
      .meta({ description: "The newest 250; the rest by GET /v1/deliveries?eventId=" }),
  })
  .meta({ id: "EventWithDeliveries" });

const attribute = z.string().min(1).max(4_096);
const eventFilter = z.strictObject({
  type: eventTypeName.optional(),
  apiId: apiId.optional(),
  since: instantOrAgo.optional().meta({ description: "Accepted at or after" }),
  until: instantOrAgo.optional().meta({ description: "Accepted before" }),
  ceSource: attribute.optional().meta({ description: "`source` of a CloudEvent; with `ceId` it names one event" }),
  ceId: attribute
    .optional()
    .meta({ description: "`id` of a CloudEvent that was published without an Idempotency-Key" }),
});
const together = ({ ceSource, ceId }: { ceSource?: string | undefined; ceId?: string | undefined }): boolean =>
  (ceSource === undefined) === (ceId === undefined);
const TOGETHER = "must have ceSource and ceId together";
export const eventQuery = pageQuery.extend(eventFilter.shape).refine(together, TOGETHER);
export const eventCountQuery = eventFilter.refine(together, TOGETHER);
export const eventExportQuery = eventFilter.extend({ format: exportFormat }).refine(together, TOGETHER);

/** Counts go no further. */
export const MOST_COUNTED = 10_000;
export const countView = z
  .object({
    count: z.int().meta({ description: `How many there are, counted up to ${MOST_COUNTED}` }),
    exact: z.boolean().meta({ description: "False: there are more than were counted" }),
    atLeast: z.boolean().meta({ description: 'The opposite of `exact`: show it as "10,000+"' }),
  })
  .meta({ id: "Count" });

/**
 * `<event id>.<subscription id>` with the event id as it was given or escaped. Gives the delivery's own id, which has
 * it escaped.
 */
export const deliveryId = z
  .string()
  .max(800)
  .regex(/^[A-Za-z0-9_:./~-]{1,768}\.sub_[0-9A-Z]{26}$/, "must be <event id>.<subscription id>")
  .transform((id) => deliveryIdOf(eventOfDelivery(id), id.slice(id.lastIndexOf(".") + 1)))
  .meta({ example: "evt_01K3ZJ8Q5T9V7X2M4N6P8R0S1W.sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W" });
