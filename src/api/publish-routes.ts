/**
 * Publishing over HTTP. The hot path: one synchronous key check, one JSON.parse, one scan for the raw bytes of `data`.
 * No promise, middleware or log line beyond what is needed; the publisher writes the log line of the event.
 */
import { z } from "zod";
import type { Catalogue } from "../activities/catalogue.js";
import { sliceMember, type Span } from "../activities/json-slice.js";
import { isChecked } from "../activities/payload-check.js";
import { MEDIA_TYPE } from "../activities/publisher-proof.js";
import { type Actor, ownsEventType, seesGroup } from "./access.js";
import { parseJson, readBody, refuseUnlessJson } from "./body.js";
import type { AcceptableEvent, ApiDependencies, PublishResult } from "./dependencies.js";
import { problemOf, refuse, type FieldError, type Refusal } from "./errors.js";
import { sendJson, sendRefusal } from "./respond.js";
import type { RequestContext, Route, RoutedRequest } from "./route.js";
import { MAX_BATCH, publishBatch, publishInput, type PublishInput, published, publishedBatch } from "./schemas/events.js";
import { eventTypeName, idempotencyKey } from "./schemas/primitives.js";
import { validate } from "./validate.js";

/** Of a whole batch; a payload limit above it raises it. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Room for type, id and groups around one payload. */
const ENVELOPE_BYTES = 64 * 1024;
const MAX_ERRORS = 20;
const PROBLEMS = ["payload_invalid", "event_type_unknown", "group_unknown", "event_id_conflict", "erased", "payload_too_large", "content_encoding_unsupported", "unavailable"] as const;

const keyHeader = z.object({ "Idempotency-Key": idempotencyKey.optional().meta({ description: "The event id; a repeated publish of the same id and bytes starts nothing" }) });

export const publishRoutes: readonly Route[] = [
  {
    method: "post", path: "/v1/events", operationId: "publish", tag: "Events", act: "events:publish",
    summary: "Publish one event or many",
    description: "`data` is not parsed and written again: its bytes are signed and sent exactly as they stand in the request. " +
      "An array publishes up to 1,000 events, with one result each in the same order. An array with an invalid item is refused whole with 400, or 422 `payload_invalid`, and the paths, " +
      "so nothing happens in part; `event_id_conflict`, `erased` and `unavailable` are results of single items.",
    body: z.union([publishInput, publishBatch]), headers: keyHeader,
    response: { status: 202, description: "Durable. For an array one result each", schema: z.union([published, publishedBatch]) },
    problems: [...PROBLEMS, "malformed_json", "duplicate_member", "unsupported_media_type"],
    serve: async (context, request, response) => {
      const outcome = await publishJson(context, request);
      if ("refused" in outcome) return sendRefusal(response, outcome);
      sendJson(response, 202, outcome.body);
    },
  },
  {
    method: "post", path: "/v1/events/{ref}", operationId: "publishRaw", tag: "Events", act: "events:publish",
    summary: "Publish the bytes of the body",
    description: "Any content type; it is sent along. `ref` is the name of the event type.",
    params: z.strictObject({ ref: eventTypeName }), unknownPath: "event_type_unknown", headers: keyHeader, requestType: "*/*",
    response: { status: 202, description: "Durable", schema: published },
    problems: [...PROBLEMS, "unsupported_media_type"],
    serve: async (context, request, response) => {
      const outcome = await publishRaw(context, request);
      if ("refused" in outcome) return sendRefusal(response, outcome);
      sendJson(response, 202, outcome.body);
    },
  },
];

type Outcome = { body: unknown } | Refusal;

async function publishJson({ dependencies, actor }: RequestContext, request: RoutedRequest): Promise<Outcome> {
  const wrongType = refuseUnlessJson(request.headers["content-type"]);
  if (wrongType) return wrongType;
  const { payloadLimitBytes } = dependencies.settings;
  const body = await readBody(request, Math.max(BATCH_BYTES, payloadLimitBytes + ENVELOPE_BYTES));
  if (!body.ok) return body.refusal;
  const parsed = parseJson(body.bytes);
  if (!parsed.ok) return parsed.refusal;
  const events = eventsOf(parsed.value, body.bytes, payloadLimitBytes, request.headers["idempotency-key"]);
  if ("refused" in events) return events;
  const batch = Array.isArray(parsed.value);
  const refusal = refuseEvents(events, dependencies.catalogue, actor, batch) ?? refusePayloads(dependencies, events, parsed.value);
  if (refusal) return refusal;
  const results = await dependencies.publisher.publish(events);
  if (batch) return { body: results.map(batchResult) };
  return singleResult(results[0]);
}

async function publishRaw({ dependencies, actor }: RequestContext, request: RoutedRequest): Promise<Outcome> {
  const contentType = request.headers["content-type"];
  if (contentType === undefined || contentType.length > 255 || !MEDIA_TYPE.test(contentType)) {
    return refuse("unsupported_media_type", "The content type of the body must be given, as a media type of at most 255 characters.");
  }
  const id = idOf(undefined, request.headers["idempotency-key"]);
  if (id !== undefined && typeof id !== "string") return id;
  const event: AcceptableEvent = { type: String(request.params?.["ref"]), contentType, body: Buffer.alloc(0), ...(id !== undefined && { id }) };
  const refusal = refuseEvents([event], dependencies.catalogue, actor, false);
  if (refusal) return refusal;
  const body = await readBody(request, dependencies.settings.payloadLimitBytes);
  if (!body.ok) return body.refusal;
  const invalidPayload = refusePayload(dependencies, { ...event, body: body.bytes });
  if (invalidPayload) return invalidPayload;
  const results = await dependencies.publisher.publish([{ ...event, body: body.bytes }]);
  return singleResult(results[0]);
}

/** The events of a JSON body with the raw bytes of their payloads. */
function eventsOf(value: unknown, bytes: Buffer, limit: number, header: string | string[] | undefined): AcceptableEvent[] | Refusal {
  if (Array.isArray(value) && value.length > MAX_BATCH) return refuse("payload_too_large", `An array may hold at most ${MAX_BATCH} events.`);
  if (Array.isArray(value) && header !== undefined) return invalid("Idempotency-Key", "belongs to a single event; give each event of an array its id");
  const checked = Array.isArray(value) ? validate(publishBatch, value) : validate(publishInput, value);
  if (!checked.ok) return checked.refusal;
  const inputs = Array.isArray(checked.value) ? checked.value : [checked.value];
  const slices = sliceMember(bytes, "data");
  if (!slices.ok) return refuse("duplicate_member", slices.index === undefined ? undefined : `It is in element ${slices.index}.`);
  const events: AcceptableEvent[] = [];
  for (const [index, input] of inputs.entries()) {
    const event = eventOf(input, slices.spans[index], bytes, header);
    if ("refused" in event) return event;
    if (event.body.byteLength > limit) {
      return refuse("payload_too_large", `A payload may have at most ${limit} bytes${inputs.length > 1 ? `; element ${index} has more` : ""}.`);
    }
    events.push(event);
  }
  return events;
}

function eventOf(input: PublishInput, span: Span | undefined, bytes: Buffer, header: string | string[] | undefined): AcceptableEvent | Refusal {
  if (!span) return invalid("data", "is needed");
  const id = header === undefined ? input.id : idOf(input.id, header);
  if (id !== undefined && typeof id !== "string") return id;
  const event: AcceptableEvent = { type: input.type, contentType: "application/json", body: bytes.subarray(span.start, span.end) };
  if (id !== undefined) event.id = id;
  if (input.groups) event.groups = [...new Set(input.groups)];
  return event;
}

/** The event id of the body or of the header; both may be given when they are the same. */
function idOf(id: string | undefined, header: string | string[] | undefined): string | undefined | Refusal {
  if (header === undefined) return id;
  const checked = validate(idempotencyKey, header, "Idempotency-Key");
  if (!checked.ok) return checked.refusal;
  return id === undefined || id === checked.value ? checked.value : invalid("Idempotency-Key", "must be the same as id");
}

const invalid = (path: string, message: string): Refusal => refuse("invalid_request", undefined, { errors: [{ path, message }] });

/** What is unknown to the catalogue or to this actor: a code of its own for one event, 400 with paths for an array. */
function refuseEvents(events: readonly AcceptableEvent[], catalogue: Catalogue, actor: Actor, batch: boolean): Refusal | undefined {
  const errors: FieldError[] = [];
  for (const [index, event] of events.entries()) {
    // Another api's type is answered like none: a key learns nothing beyond its limits.
    if (!catalogue.eventType(event.type) || !ownsEventType(actor, catalogue, event.type)) {
      if (!batch) return refuse("event_type_unknown");
      errors.push({ path: `[${index}].type`, message: "is no event type that this key may publish" });
    }
    if (event.groups && !event.groups.every((id) => catalogue.group(id) !== undefined && seesGroup(actor, id))) {
      if (!batch) return refuse("group_unknown");
      errors.push({ path: `[${index}].groups`, message: "names a group that does not exist" });
    }
  }
  return errors.length === 0 ? undefined : refuse("invalid_request", "None of the events was published.", { errors: errors.slice(0, MAX_ERRORS) });
}

/** Payloads that the schema of their type forbids, one event or an array of them; of an array nothing is published then. */
function refusePayloads(dependencies: CheckDependencies, events: readonly AcceptableEvent[], value: unknown): Refusal | undefined {
  if (!Array.isArray(value)) return events[0] && refusePayload(dependencies, events[0], value);
  const errors: FieldError[] = [];
  for (const [index, event] of events.entries()) {
    const refusal = refusePayload(dependencies, event, value[index]);
    for (const { path, message } of refusal?.errors ?? []) errors.push({ path: `[${index}].${path}`, message });
    if (errors.length >= MAX_ERRORS) break;
  }
  return errors.length === 0 ? undefined : refuse("payload_invalid", "None of the events was published.", { errors: errors.slice(0, MAX_ERRORS) });
}

type CheckDependencies = Pick<ApiDependencies, "catalogue" | "payloadCheck">;

/** `input` is the parsed event of a JSON publish. For a type without a check this is one look into a map. */
function refusePayload({ catalogue, payloadCheck }: CheckDependencies, { type, contentType, body }: AcceptableEvent, input?: unknown): Refusal | undefined {
  const eventType = catalogue.eventType(type);
  if (!isChecked(eventType)) return undefined;
  const parsed = input === undefined ? undefined : { value: (input as PublishInput).data };
  const faults = payloadCheck(eventType, { contentType, bytes: body, ...(parsed && { parsed }) });
  return faults && refuse("payload_invalid", undefined, { errors: faults.map(({ path, message }) => ({ path: `data${path}`, message })) });
}

function singleResult(result: PublishResult | undefined): Outcome {
  if (!result) return refuse("internal");
  return result.ok ? { body: { id: result.id, duplicate: result.duplicate } } : refusalOf(result);
}

function batchResult(result: PublishResult): z.input<typeof publishedBatch>[number] {
  if (result.ok) return { id: result.id, duplicate: result.duplicate };
  return { ...(result.id !== undefined && { id: result.id }), error: problemOf(refusalOf(result)) };
}

const refusalOf = (result: PublishResult & { ok: false }): Refusal =>
  refuse(result.code, undefined, result.code === "unavailable" ? { retryAfterSeconds: result.retryAfterSeconds ?? 5 } : {});
