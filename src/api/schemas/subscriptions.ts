/** Subscriptions: what a consumer's endpoint is, and what of it may be shown. */
import { z } from "zod";
import { SUBSCRIPTION_STATUSES } from "../../store/model.js";
import { groupId } from "./catalogue.js";
import { eventTypeName, idOf, instant, text } from "./primitives.js";

export const subscriptionId = idOf("sub");

/** Headers that belong to HTTP itself or to the delivery and must not be set by an api_key authentication. */
const RESERVED_HEADER = /^(host|accept-encoding|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|webhook-.*|user-agent|date)$/i;
/** A field name, RFC 9110 section 5.1. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** A field value without anything that could end the line, RFC 9110 section 5.5. */
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

const url = z.string().min(1).max(2_048).regex(/^https?:\/\/[^\s\u0000-\u0020\u007f]+$/i, "must be an absolute https URL")
  .meta({ description: "Where deliveries go; https, a public host", example: "https://hooks.example.com/sealpost" });
const eventTypes = z.array(eventTypeName).min(1).max(100)
  .refine((names) => new Set(names).size === names.length, "must not name a type twice").meta({ uniqueItems: true });
const rateLimit = z.strictObject({
  perSecond: z.number().min(0.01).max(10_000),
  burst: z.int().min(1).max(10_000),
}).meta({ id: "RateLimit", outputId: "RateLimitView", description: "Requests a second, and how many may go at once after a quiet time" });
const retry = z.strictObject({
  scheduleSeconds: z.array(z.number().min(0).max(7 * 86_400)).min(1).max(50).optional().meta({ description: "Seconds between attempts; the last one repeats" }),
  maxAttempts: z.int().min(1).max(100).optional(),
  timeoutMs: z.int().min(1_000).max(30_000).optional().meta({ description: "Total deadline of one attempt" }),
}).meta({ id: "RetryPolicy", outputId: "RetryPolicyView" });
const auth = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("basic"),
    username: text(256).refine((name) => !name.includes(":"), "must not hold a colon (RFC 7617)"),
    password: text(1_024),
  }),
  z.strictObject({
    type: z.literal("api_key"),
    header: z.string().min(1).max(128).regex(HEADER_NAME, "must be a header name").refine((name) => !RESERVED_HEADER.test(name), "must not be a header of HTTP or of the delivery itself"),
    value: z.string().min(1).max(4_096).regex(HEADER_VALUE, "must be visible ASCII"),
  }),
]).meta({ id: "EndpointAuth" });
const pem = z.string().min(1).max(65_536).regex(/^[\x09\x0a\x0d\x20-\x7e]+$/, "must be PEM");
const tls = z.strictObject({
  clientCert: pem.optional(),
  clientKey: pem.optional().meta({ description: "Never shown again" }),
  ca: pem.optional().meta({ description: "Trusted instead of the public roots" }),
  minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).optional(),
}).meta({ id: "EndpointTls" });
const secret = z.string().min(1).max(256).meta({ description: "Own secret: `whsec_` and the base64 of 24 to 64 bytes; absent: one is made" });

export const subscriptionInput = z.strictObject({
  groupId: groupId.optional().meta({ description: "A consumer key may leave it out: it has one group" }),
  name: text(128).optional(),
  url, eventTypes,
  rateLimit: rateLimit.optional(),
  retry: retry.optional(),
  auth: auth.optional(),
  tls: tls.optional(),
  signing: z.strictObject({ secret: secret.optional() }).optional(),
}).meta({ id: "SubscriptionInput" });

export const subscriptionChange = z.strictObject({
  name: text(128).nullable().optional(),
  url: url.optional(),
  eventTypes: eventTypes.optional(),
  rateLimit: rateLimit.nullable().optional(),
  retry: retry.nullable().optional(),
  auth: auth.nullable().optional(),
  tls: tls.nullable().optional(),
}).refine((change) => Object.keys(change).length > 0, "must change something")
  .meta({ id: "SubscriptionChange", minProperties: 1, description: "A member replaces the whole field; null removes it" });

export const rotateInput = z.strictObject({
  overlapSeconds: z.int().min(0).max(7 * 86_400).optional().meta({ description: "How long the secrets before go on signing too; 86,400 when absent" }),
  secret: secret.optional(),
}).meta({ id: "SecretRotation" });

/** What is shown of a subscription: of secrets a prefix, of passwords and private keys nothing. */
export const subscriptionView = z.object({
  id: subscriptionId,
  groupId,
  name: z.string().optional(),
  url: z.string(),
  eventTypes: z.array(z.string()),
  rateLimit: rateLimit.optional(),
  retry: retry.optional(),
  auth: z.union([
    z.object({ type: z.literal("basic"), username: z.string() }),
    z.object({ type: z.literal("api_key"), header: z.string() }),
  ]).optional(),
  tls: z.object({
    clientCert: z.string().optional(), hasClientKey: z.boolean(), ca: z.string().optional(), minVersion: z.string().optional(),
  }).optional(),
  secrets: z.array(z.object({ prefix: z.string(), createdAt: instant, expiresAt: instant.optional() }))
    .meta({ description: "Live signing secrets, newest first" }),
  status: z.enum(SUBSCRIPTION_STATUSES),
  statusReason: z.string().optional(),
  statusAt: instant.optional(),
  throttledUntil: instant.optional(),
  createdAt: instant,
  updatedAt: instant,
}).meta({ id: "Subscription" });

/** A subscription together with a secret that is shown this once. */
export const subscriptionWithSecret = subscriptionView.extend({
  secret: z.string().meta({ description: "The signing secret; shown this once" }),
}).meta({ id: "SubscriptionWithSecret" });
