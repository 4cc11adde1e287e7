/** What consumers' endpoints receive, for the `webhooks` section of the OpenAPI document (OpenAPI 3.1, 4.8.1). */
import { z } from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";

/** Of every request to an endpoint. See src/endpoint/request-headers.ts and signature-headers.ts. */
const headers = z.object({
  "webhook-id": z
    .string()
    .meta({
      description:
        "Id of the event, the same at every attempt. If a producer's own id holds `:`, `.` or `/`, it is " +
        "escaped (`order~3A4711`). Keep the ids that you have handled, because a delivery can come twice.",
    }),
  "webhook-timestamp": z
    .string()
    .meta({
      description:
        "When this attempt was made, in seconds since 1970. Refuse what is more than 5 minutes away from your clock.",
    }),
  "webhook-signature": z
    .string()
    .optional()
    .meta({
      description:
        "Signatures of Standard Webhooks, separated by spaces. One that fits is enough. `v1,` is the " +
        "base64 of HMAC-SHA-256 under the subscription's `whsec_` secret. " +
        "`v1a,` is an Ed25519 signature, whose public keys are at `/jwks/{subscription id}`. Signed " +
        "is `{webhook-id}.{webhook-timestamp}.{body}`, with the bytes of the body as they came. " +
        "Absent when the subscription has chosen `rfc9421` alone.",
    }),
  "webhook-event-type": z.string().meta({ description: "Name of the event type" }),
  "sealpost-hops": z
    .string()
    .meta({
      description:
        "How often the event has come through Sealpost, this delivery included. Send the header along " +
        "if you publish the event again, so that circles end",
    }),
  "ce-id": z
    .string()
    .optional()
    .meta({
      description:
        "The event's id as its producer gave it, with `ce-specversion`, `ce-source`, `ce-type` and " +
        "what else a CloudEvent has (CloudEvents 1.0, binary mode). Absent where Sealpost made " +
        "the id",
    }),
  "webhook-attempt": z.string().meta({ description: "1 at the first attempt, then 2, 3, …" }),
  "content-digest": z
    .string()
    .optional()
    .meta({ description: "With signing scheme `rfc9421`: digest of the body (RFC 9530)" }),
  "signature-input": z
    .string()
    .optional()
    .meta({
      description:
        "With signing scheme `rfc9421`: what is signed (RFC 9421), under the label `sealpost`: " +
        "method, target URI, content type, content digest, `webhook-id`, `webhook-timestamp` and " +
        "`webhook-event-type`",
    }),
  signature: z.string().optional().meta({ description: "With signing scheme `rfc9421`: the signature" }),
});

const DESCRIPTION = `Sealpost sends this request to the URL of a subscription. \
The body holds the event's bytes exactly as they were published, under the content type that they were published with.

Check the signature over the raw bytes before you parse them. \
Then answer with any 2xx, quickly: do the work afterwards. The time-out is the subscription's \`retry.timeoutMs\`.

Depending on the subscription the request also has Basic authentication, \
an API key or an OAuth2 access token, its custom headers, and a client certificate.

The message that verifies an endpoint is sent the same way, with the type \`sealpost.verification\`: \
answer 2xx with the value of \`data.challenge\`.`;

/** Every answer and what becomes of the delivery. It is decided in src/endpoint/classify.ts. */
const ANSWERS: Readonly<Record<string, string>> = {
  "2XX": "Delivered.",
  "3XX": "Parked: a redirect is not followed. Correct the URL of the subscription, then resend.",
  408: "Tried again by the subscription's schedule.",
  410: "Parked, and the subscription is disabled: the endpoint wants no more.",
  421: "Tried again by the schedule, over a new connection.",
  425: "Tried again by the schedule.",
  429:
    "Tried again, as Retry-After says (seconds or a date; 1 s to 24 h), or without it the end of " +
    "the limit (RateLimit, RateLimit-Reset, X-RateLimit-Reset). Until then nothing else is sent to " +
    "this subscription.",
  "4XX":
    "Parked: the endpoint refuses this data, and the same again would not help. A person looks at " +
    "it and resends or cancels it.",
  "5XX":
    "Tried again by the schedule. Retry-After is obeyed with every status that is tried again. No " +
    "answer, a time-out or a failed TLS handshake counts the same.",
};

/** One webhook: a delivery. */
export const webhooks: ZodOpenApiPathsObject = {
  delivery: {
    post: {
      operationId: "receiveDelivery",
      tags: ["Webhooks"],
      summary: "What a consumer's endpoint receives",
      description: DESCRIPTION,
      security: [],
      requestParams: { header: headers },
      requestBody: {
        required: true,
        description: "The event, as it was published",
        content: {
          "application/json": { schema: z.unknown().meta({ example: { invoice: 4711, total: "12.50" } }) },
          "*/*": { schema: {} },
        },
      },
      responses: Object.fromEntries(Object.entries(ANSWERS).map(([status, description]) => [status, { description }])),
    },
  },
};
