/** The routes by which providers publish events. `publishRoutes` is all that is for outside. */
import type { ServerResponse } from "node:http";
import { z } from "zod";
import { published, publishedBatch, publishBatch, publishInput } from "../deliveries/schemas.js";
import { eventTypeName, idempotencyKey } from "../http/primitives.js";
import { sendJson, sendRefusal } from "../http/respond.js";
import type { ApiRoute } from "../route.js";
import type { PublishContext } from "./publish-context.js";
import { MAX_HOPS } from "./hops.js";
import type { PublishAnswer } from "./publish-answer.js";
import { publishRaw } from "./publish-bytes.js";
import { publishJson } from "./publish-json.js";

const PROBLEMS = [
  "loop_detected",
  "payload_invalid",
  "event_type_unknown",
  "group_unknown",
  "event_id_conflict",
  "erased",
  "payload_too_large",
  "content_encoding_unsupported",
  "unavailable",
] as const;

const keyHeader = z.object({
  "Idempotency-Key": idempotencyKey
    .optional()
    .meta({ description: "The event id; a repeated publish of the same id and bytes starts nothing" }),
  "Sealpost-Hops": z
    .string()
    .optional()
    .meta({
      description: `How often the event has come through Sealpost, as a delivery said; above ${MAX_HOPS} it is refused`,
      override: { type: "integer", minimum: 0, maximum: 999 },
    }),
});
const CLOUD_EVENTS =
  "A CloudEvent is taken in binary mode (`ce-*` headers, which are sent on) and in structured " +
  "mode (`application/cloudevents+json`, sent on as it is). " +
  "Without an Idempotency-Key its `source` and `id` together are the idempotency key, and the " +
  "event id is made of them.";

export const publishRoutes: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/events",
    operationId: "publish",
    tag: "Events",
    act: "events:publish",
    summary: "Publish an event",
    description:
      "`data` is not parsed and written again: its bytes are signed and sent exactly as they stand in the request. " +
      "An array of events is taken here as well, and answered as by `POST /v1/events/batch`. " +
      `${CLOUD_EVENTS} Here its \`type\` names the event type. Many come as \`application/cloudevents-batch+json\`.`,
    body: publishInput,
    headers: keyHeader,
    response: { status: 202, description: "Durable", schema: published },
    problems: [...PROBLEMS, "malformed_json", "duplicate_member", "unsupported_media_type"],
    serve: async (context: PublishContext, request, response) => answer(response, await publishJson(context, request)),
  },
  {
    method: "post",
    path: "/v1/events/batch",
    operationId: "publishBatch",
    tag: "Events",
    act: "events:publish",
    summary: "Publish many events",
    description:
      "Up to 1,000 events, with one result each in the same order. An array with an invalid item is " +
      "refused whole with 400, or 422 `payload_invalid`, and the paths, " +
      "so nothing happens in part; `event_id_conflict`, `erased` and `unavailable` are results of single items.",
    body: publishBatch,
    response: { status: 202, description: "One result each", schema: publishedBatch },
    problems: [...PROBLEMS, "malformed_json", "duplicate_member", "unsupported_media_type"],
    serve: async (context: PublishContext, request, response) =>
      answer(response, await publishJson(context, request, "array")),
  },
  {
    method: "post",
    path: "/v1/events/{ref}",
    operationId: "publishRaw",
    tag: "Events",
    act: "events:publish",
    summary: "Publish the bytes of the body",
    description:
      `Any content type; it is sent along. \`ref\` is the name of the event type, and \`%62atch\` is one of the name ` +
      `\`batch\`. ${CLOUD_EVENTS} ` +
      "Each CloudEvent of `application/cloudevents-batch+json` becomes an event of this type, " +
      "and the answer is that of `POST /v1/events/batch`.",
    params: z.strictObject({ ref: eventTypeName }),
    unknownPath: "event_type_unknown",
    headers: keyHeader,
    requestType: "*/*",
    response: { status: 202, description: "Durable", schema: published },
    problems: [...PROBLEMS, "malformed_json", "duplicate_member", "unsupported_media_type"],
    serve: async (context: PublishContext, request, response) =>
      answer(response, await publishRaw(context, request, String(request.params?.["ref"]))),
  },
];

function answer(response: ServerResponse, outcome: PublishAnswer): void {
  if ("refused" in outcome) sendRefusal(response, outcome);
  else sendJson(response, 202, outcome.body);
}
