/** Recoveries: filter, preview and progress. */
import { z } from "zod";
import { DELIVERY_STATUSES } from "../../workflows/contract.js";
import { RECOVERY_ORDERS, RECOVERY_STATUSES, SKIP_REASONS } from "../../workflows/recovery/recovery-contract.js";
import { apiRef, groupRef } from "../catalogue/schemas.js";
import { eventTypeName, prefixedId, instant, instantInput, pageQuery, text } from "../http/primitives.js";
import { subscriptionId } from "../subscriptions/schemas.js";

export const recoveryId = prefixedId("rec");
const status = z.enum(DELIVERY_STATUSES);
const includeDelivered = z
  .boolean()
  .optional()
  .meta({
    description:
      "Needed where `status` names `delivered`, together with one subscription: its consumer gets " +
      "again what it has already",
  });

const mode = z.literal("missing");
const filter = z
  .strictObject({
    mode: mode
      .optional()
      .meta({
        description:
          "`missing`: events that the subscription should have had and has no delivery of, by its types, its filter " +
          "and the grants of now. It needs `subscriptionId` and takes no `status`. The window is that of the events",
      }),
    subscriptionId: subscriptionId.optional(),
    groupId: groupRef.optional(),
    eventType: eventTypeName.optional(),
    status: z
      .array(status)
      .min(1)
      .max(DELIVERY_STATUSES.length)
      .optional()
      .meta({ description: "parked and exhausted when absent" }),
    since: instantInput.optional().meta({ description: "Created at or after; needed, at most 30 days before `until`" }),
    until: instantInput.optional().meta({ description: "Created before; the time of the preview when absent" }),
    includeDelivered,
  })
  .meta({ id: "RecoveryFilter" });
export type RecoveryFilterInput = z.output<typeof filter>;

export const previewInput = z.strictObject({ filter, includeDelivered }).meta({ id: "RecoveryPreviewInput" });
export const recoveryInput = z
  .strictObject({
    filter,
    includeDelivered,
    token: z
      .string()
      .min(1)
      .max(2_000)
      .regex(/^[A-Za-z0-9_.-]+$/, "must be the `token` of a preview")
      .meta({
        description:
          "Of a preview of the same filter by the same actor, at most 10 minutes ago; it starts one recovery",
      }),
    reason: text(500).optional().meta({ description: "Why, for the audit" }),
    ratePerSecond: z
      .number()
      .min(0.01)
      .max(1_000_000)
      .optional()
      .meta({ description: "Deliveries a second to one subscription. It lowers the subscription's own rate only" }),
    order: z.enum(RECOVERY_ORDERS).optional().meta({ description: "Oldest first (`asc`) when absent" }),
  })
  .meta({ id: "RecoveryInput" });

export const releaseInput = z.strictObject({ reason: text(500).optional() }).meta({ id: "RecoveryRelease" });
export const releaseRefusalInput = z
  .strictObject({ reason: text(500).meta({ description: "Why, for the one who asked" }) })
  .meta({ id: "RecoveryRefusal" });

const filterView = z.object({
  mode: mode.optional(),
  subscriptionId: z.string().optional(),
  groupId: z.string().optional(),
  eventType: z.string().optional(),
  status: z.array(status).optional(),
  since: instant.optional(),
  until: instant.optional(),
});

export const previewView = z
  .object({
    count: z
      .int()
      .meta({
        description: "Deliveries that the filter names now; with `missing` events, of which 10,000 are counted",
      }),
    exact: z.boolean().meta({ description: "False: there are more than `count`" }),
    byStatus: z.partialRecord(status, z.int()).meta({ description: "Of the first 100,000. Empty with `missing`" }),
    bySubscription: z
      .array(
        z.object({
          subscriptionId: z.string(),
          count: z.int(),
          ratePerSecond: z.number().meta({ description: "The pace of its part; half of it while live traffic waits" }),
          estimatedSeconds: z.int(),
        }),
      )
      .meta({ description: "The 20 with the most" }),
    oldest: instant.optional(),
    newest: instant.optional(),
    estimatedSeconds: z
      .int()
      .meta({ description: "How long it takes where every attempt succeeds and no live traffic waits" }),
    filter: filterView.meta({ description: "As it will be used, with the `until` that the token freezes" }),
    needsRelease: z.boolean().meta({ description: "It will wait for a second person" }),
    token: z.string().meta({ description: "Starts the recovery, once; ends 10 minutes from now" }),
    expiresAt: instant,
  })
  .meta({ id: "RecoveryPreview" });

export const recoveryView = z
  .object({
    id: z.string(),
    filter: filterView,
    status: z.enum(RECOVERY_STATUSES),
    count: z.int().optional().meta({ description: "Deliveries that the filter named when it began" }),
    ratePerSecond: z.number().optional(),
    order: z.enum(RECOVERY_ORDERS).optional(),
    release: z
      .object({
        until: instant.meta({ description: "It ends at this time if nobody has decided" }),
        own: z
          .boolean()
          .meta({ description: "It waits, and you asked for it or count as the one who did: another has to decide" }),
        decidedBy: z.string().optional(),
        decidedByName: z.string().optional(),
        decidedAt: instant.optional(),
        reason: z.string().optional(),
      })
      .optional()
      .meta({ description: "Of a recovery that waits, or waited, for a second person" }),
    progress: z.object({
      found: z.int().meta({ description: "Read so far: sent, skipped, or waiting for their turn" }),
      sent: z.int().meta({ description: "Handed over" }),
      delivered: z.int(),
      failedAgain: z
        .int()
        .meta({
          description:
            "The attempt failed again: parked, exhausted, cancelled, or retried later by the subscription's schedule",
        }),
      underWay: z
        .int()
        .meta({ description: "Handed over and without a result; goes on whatever becomes of the recovery" }),
      skipped: z.partialRecord(z.enum(SKIP_REASONS), z.int()).meta({ description: "Not sent, by reason" }),
    }),
    reason: z.string().optional(),
    error: z.string().optional().meta({ description: "Why it failed, or what a cancel left" }),
    createdBy: z.string(),
    createdByName: z
      .string()
      .optional()
      .meta({ description: "Of the person or key. Shown to who may release, of a recovery that was to be released" }),
    createdAt: instant,
    startedAt: instant.optional(),
    updatedAt: instant,
  })
  .meta({ id: "Recovery" });

/** Which recoveries are listed. */
export const recoveryListQuery = z.strictObject({
  status: z.enum(RECOVERY_STATUSES).optional(),
  apiId: apiRef
    .optional()
    .meta({
      description:
        "Only those that can send events of this api: they name one of its event types, a subscription that has one, " +
        "or neither",
    }),
});
export const recoveryQuery = pageQuery.extend(recoveryListQuery.shape);
