/** Subscriptions: how a consumer describes its endpoint, and what of it is shown. */
import { z } from "zod";
import { ROLES, SUBSCRIPTION_STATUSES } from "../../store/model.js";
import { groupId, groupRef } from "../catalogue/schemas.js";
import { aboutChange, aboutInput, aboutView } from "./about-schemas.js";
import { eventTypeName, prefixedId, instant } from "../http/primitives.js";
import { filter, filterWarningsView } from "../catalogue/filter-schemas.js";
import {
  auth,
  authView,
  certificateRequestView,
  headers,
  headersView,
  keyView,
  signing,
  signingView,
  tls,
  tlsView,
  url as anyUrl,
} from "./technique-schemas.js";
import { overlapSeconds } from "../overlap.js";
import { stateOfHealth } from "./health-view.js";

export const subscriptionId = prefixedId("sub");

const url = anyUrl.meta({
  description: "Where deliveries are sent. It must be https and a public host",
  example: "https://hooks.example.com/sealpost",
});
const eventTypes = z
  .array(eventTypeName)
  .min(1)
  .max(100)
  .refine((names) => new Set(names).size === names.length, "must not name a type twice")
  .meta({ uniqueItems: true });
const rateLimit = z
  .strictObject({ perSecond: z.number().min(0.01).max(10_000), burst: z.int().min(1).max(10_000) })
  .meta({
    id: "RateLimit",
    outputId: "RateLimitView",
    description: "Requests a second, and how many may go at once after a quiet time",
  });
const retry = z
  .strictObject({
    scheduleSeconds: z
      .array(
        z
          .number()
          .min(0)
          .max(7 * 86_400),
      )
      .min(1)
      .max(50)
      .optional()
      .meta({
        description:
          "Seconds between attempts. The last one repeats. A consumer's schedule has at least 1 " +
          "second each, and at most 20 attempts follow one another in less than a minute",
      }),
    maxAttempts: z.int().min(1).max(100).optional(),
    timeoutMs: z
      .int()
      .min(1_000)
      .max(30_000)
      .optional()
      .meta({ description: "How long one attempt may take for its connection, and anew for its answer" }),
  })
  .meta({ id: "RetryPolicy", outputId: "RetryPolicyView" });
const disableAfterDays = z
  .int()
  .min(0)
  .max(365)
  .meta({
    description:
      "Days without a successful attempt after which it is disabled. 0: never. When absent, the service's own number " +
      "of days holds",
  });
const secret = z
  .string()
  .min(1)
  .max(256)
  .meta({ description: "An own secret: `whsec_` and the base64 of 24 to 64 bytes. When absent, one is made" });

export const subscriptionInput = z
  .strictObject({
    groupId: groupRef.optional().meta({ description: "May be left out by a consumer that acts for one group" }),
    ...aboutInput,
    url,
    eventTypes,
    filter: filter.optional(),
    initialStatus: z
      .enum(["draft", "active"])
      .optional()
      .meta({
        description:
          "`draft`: to be verified, submitted and approved, which is all that a consumer can ask for; " +
          "`active`: in service at once, the default of providers and admins",
      }),
    rateLimit: rateLimit.optional(),
    retry: retry.optional(),
    disableAfterDays: disableAfterDays.optional(),
    auth: auth.optional(),
    headers: headers.optional(),
    tls: tls.optional(),
    signing: signing.extend({ secret: secret.optional() }).meta({ id: "SigningInput" }).optional(),
  })
  .meta({ id: "SubscriptionInput" });

export const subscriptionChange = z
  .strictObject({
    ...aboutChange,
    url: url.optional(),
    eventTypes: eventTypes.optional(),
    filter: filter.nullable().optional(),
    rateLimit: rateLimit.nullable().optional(),
    retry: retry.nullable().optional(),
    disableAfterDays: disableAfterDays.nullable().optional(),
    auth: auth.nullable().optional(),
    headers: headers.nullable().optional(),
    tls: tls.nullable().optional(),
    signing: signing.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "must change something")
  .meta({
    id: "SubscriptionChange",
    minProperties: 1,
    description: "A member replaces the whole field. Null removes it",
  });

export const rotateInput = z
  .strictObject({
    overlapSeconds: overlapSeconds(7, "How long the earlier secrets sign too. 86,400 when absent"),
    secret: secret.optional(),
  })
  .meta({ id: "SecretRotation" });

/** What is shown of a subscription. A secret is shown as a prefix, and passwords and private keys are not shown. */
export const subscriptionView = z
  .object({
    id: subscriptionId,
    groupId,
    ...aboutView,
    url: z.string().meta({ description: "In the one form in which it is stored, called and signed (WHATWG URL)" }),
    urlUnicode: z
      .string()
      .optional()
      .meta({ description: "The URL with its host in its own letters, when these are not ASCII alone" }),
    urlWarnings: z
      .array(z.string())
      .optional()
      .meta({
        description: "What the host's letters may be taken for: scripts that are mixed, letters that look like others",
      }),
    eventTypes: z.array(z.string()),
    requestedEventTypes: z
      .array(z.string())
      .optional()
      .meta({
        description:
          "All event types that it will have once the further ones are approved. Until then `eventTypes` " +
          "are served",
      }),
    askedBy: z
      .array(z.object({ id: z.string(), name: z.string().optional() }))
      .optional()
      .meta({
        description:
          "While it is submitted, or further event types wait: who asked, as in the audit. " +
          "Who may decide sees the names of people and keys too",
      }),
    secondPersonNeeded: z
      .boolean()
      .optional()
      .meta({ description: "The caller asked for it, alone or with others. So somebody else has to decide" }),
    filter: z.string().optional(),
    warnings: filterWarningsView,
    rateLimit: rateLimit.optional(),
    retry: retry.optional(),
    disableAfterDays: disableAfterDays.optional(),
    auth: authView.optional(),
    headers: headersView.optional(),
    tls: tlsView.optional(),
    clientCertExpiresAt: instant
      .optional()
      .meta({ description: "When the client certificate, or an intermediate of it, ends first" }),
    pendingCertificate: certificateRequestView
      .optional()
      .meta({ description: "A certificate request whose certificate has not come yet" }),
    signing: signingView,
    keys: z
      .array(keyView)
      .optional()
      .meta({ description: "Ed25519 keys that sign now, newest first. They are also at /jwks/{id}" }),
    secrets: z
      .array(
        z.object({
          prefix: z.string(),
          keyid: z.string().meta({ description: "Of message signatures with `hmac-sha256`" }),
          createdAt: instant,
          expiresAt: instant.optional(),
        }),
      )
      .meta({ description: "Live signing secrets, newest first" }),
    status: z.enum(SUBSCRIPTION_STATUSES),
    statusReason: z.string().optional(),
    statusAt: instant.optional(),
    verifiedAt: instant.optional().meta({ description: "When the endpoint was last verified" }),
    needsVerification: z
      .boolean()
      .optional()
      .meta({ description: "The endpoint was changed. Nothing is sent until it is verified" }),
    history: z
      .array(
        z.object({
          from: z.enum(SUBSCRIPTION_STATUSES),
          to: z.enum(SUBSCRIPTION_STATUSES),
          at: instant,
          by: z
            .string()
            .optional()
            .meta({ description: "Who did it, as in the audit. A consumer sees this of the consumer's side alone" }),
          role: z.enum(ROLES).optional().meta({ description: "In which role it was done" }),
          reason: z.string().optional(),
        }),
      )
      .meta({ description: "The last 20 changes of status, newest first. The audit has all of them" }),
    throttledUntil: instant
      .optional()
      .meta({ description: "Nothing is sent before, as the endpoint asked by Retry-After. Absent once it has passed" }),
    health: stateOfHealth,
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: "Subscription" });

/** A subscription together with a secret that is shown only once. */
export const subscriptionWithSecret = subscriptionView
  .extend({ secret: z.string().meta({ description: "The signing secret. It is shown only once" }) })
  .meta({ id: "SubscriptionWithSecret" });
