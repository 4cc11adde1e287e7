/**
 * Publishing over HTTP. The hot path: one synchronous key check, one JSON.parse, one scan for the raw bytes of `data`.
 * No promise, middleware or log line beyond what is needed; the publisher writes the log line of the event.
 */
import type { ServerResponse } from "node:http";
import { z } from "zod";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { findDuplicateMember, sliceElements, sliceMember, type Span } from "../../catalogue/json-slice.js";
import { isChecked, isCloudEvent } from "../../catalogue/payload-check.js";
import { MEDIA_TYPE } from "../../catalogue/publisher-proof.js";
import type { Actor } from "../access/actor.js";
import { ownsEventType, seesGroup } from "../access/access.js";
import { parseJson, readBody, refuseUnlessJson } from "../http/body.js";
import {
  type Attributes,
  attributesOfEvent,
  attributesOfHeaders,
  decodeAttribute,
  eventIdOf,
  isBinaryMode,
  isStructured,
  isStructuredBatch,
  type ReadAttributes,
} from "./cloud-events.js";
import type { AcceptableEvent, ApiDependencies, PublishResult } from "../dependencies.js";
import { problemOf, refuse, type FieldError, type Refusal } from "../http/errors.js";
import { hopsOf, MAX_HOPS } from "./hops.js";
import { sendJson, sendRefusal } from "../http/respond.js";
import type { RequestContext, Route, RoutedRequest } from "../route.js";
import {
  MAX_BATCH,
  publishBatch,
  publishInput,
  type PublishInput,
  published,
  publishedBatch,
} from "../deliveries/schemas.js";
import { eventTypeName, idempotencyKey, RESERVED_TYPE_PREFIX } from "../http/primitives.js";
import { validate } from "../http/validate.js";

/** Of a whole batch; a payload limit above it raises it. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Room for type, id and groups around one payload. */
const ENVELOPE_BYTES = 64 * 1024;
const MAX_ERRORS = 20;
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

export const publishRoutes: readonly Route[] = [
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
    serve: async (context, request, response) => answer(response, await publishJson(context, request)),
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
    serve: async (context, request, response) => answer(response, await publishJson(context, request, "array")),
  },
  {
    method: "post",
    path: "/v1/events/{ref}",
    operationId: "publishRaw",
    tag: "Events",
    act: "events:publish",
    summary: "Publish the bytes of the body",
    description: `Any content type; it is sent along. \`ref\` is the name of the event type. ${CLOUD_EVENTS}`,
    params: z.strictObject({ ref: eventTypeName }),
    unknownPath: "event_type_unknown",
    headers: keyHeader,
    requestType: "*/*",
    response: { status: 202, description: "Durable", schema: published },
    problems: [...PROBLEMS, "malformed_json", "duplicate_member", "unsupported_media_type"],
    serve: async (context, request, response) =>
      answer(response, await publishRaw(context, request, String(request.params?.["ref"]))),
  },
];

type Outcome = { body: unknown } | Refusal;

function answer(response: ServerResponse, outcome: Outcome): void {
  if ("refused" in outcome) sendRefusal(response, outcome);
  else sendJson(response, 202, outcome.body);
}

async function publishJson(context: RequestContext, request: RoutedRequest, form?: "array"): Promise<Outcome> {
  const { dependencies, actor } = context;
  const type = request.headers["content-type"];
  if (isStructuredBatch(type) || (form === undefined && isStructured(type))) return publishStructured(context, request);
  if (form === undefined && isBinaryMode(request.headers)) return publishRaw(context, request);
  const hops = hopsOf(request);
  if (typeof hops !== "number") return hops;
  const wrongType = refuseUnlessJson(request.headers["content-type"]);
  if (wrongType) return wrongType;
  const { payloadLimitBytes } = dependencies.settings;
  const body = await readBody(request, Math.max(BATCH_BYTES, payloadLimitBytes + ENVELOPE_BYTES));
  if (!body.ok) return body.refusal;
  const parsed = parseJson(body.bytes);
  if (!parsed.ok) return parsed.refusal;
  if (form === "array" && !Array.isArray(parsed.value)) return invalid("", "must be an array of events");
  const events = eventsOf(parsed.value, body.bytes, payloadLimitBytes, request.headers["idempotency-key"]);
  if ("refused" in events) return events;
  if (hops > 0) for (const event of events) event.hops = hops;
  const batch = Array.isArray(parsed.value);
  const refusal =
    refuseEvents(events, dependencies.catalogue, actor, batch) ?? refusePayloads(dependencies, events, parsed.value);
  if (refusal) return refusal;
  const results = await dependencies.publisher.publish(events);
  if (batch) return { body: results.map(batchResult) };
  return singleResult(results[0]);
}

/** The bytes of the body; `ref` is the event type, which a CloudEvent in binary mode may name itself. */
async function publishRaw(
  { dependencies, actor }: RequestContext,
  request: RoutedRequest,
  ref?: string,
): Promise<Outcome> {
  const { catalogue, settings } = dependencies;
  const contentType = request.headers["content-type"];
  if (contentType === undefined || contentType.length > 255 || !MEDIA_TYPE.test(contentType)) {
    return refuse(
      "unsupported_media_type",
      "The content type of the body must be given, as a media type of at most 255 characters.",
    );
  }
  const hops = hopsOf(request);
  if (typeof hops !== "number") return hops;
  const id = idOf(undefined, request.headers["idempotency-key"]);
  if (id !== undefined && typeof id !== "string") return id;
  const structured = isStructured(contentType);
  const named = !structured && isBinaryMode(request.headers) ? attributesOfHeaders(request.rawHeaders) : undefined;
  if (named && !named.ok) return refuse("invalid_request", undefined, { errors: named.errors });
  const event: AcceptableEvent = {
    type: ref ?? decodeAttribute(named?.attributes["type"] ?? ""),
    contentType,
    body: Buffer.alloc(0),
    ...(id !== undefined && { id }),
    ...(hops > 0 && { hops }),
  };
  const refusal = refuseEvents([event], catalogue, actor, false);
  if (refusal) return refusal;
  const body = await readBody(request, settings.payloadLimitBytes);
  if (!body.ok) return body.refusal;
  event.body = body.bytes;
  const read = structured ? readStructured(body.bytes) : named;
  if (read && "refused" in read) return read;
  if (read && !read.ok) return refuse("invalid_request", undefined, { errors: read.errors });
  const foreign = read && takeAttributes(event, read.attributes, catalogue);
  if (foreign) return foreign;
  const invalidPayload = refusePayload(dependencies, event);
  if (invalidPayload) return invalidPayload;
  const results = await dependencies.publisher.publish([event]);
  return singleResult(results[0]);
}

/** CloudEvents in structured mode, one or a batch; each is sent on as its bytes stand in the request. */
async function publishStructured({ dependencies, actor }: RequestContext, request: RoutedRequest): Promise<Outcome> {
  const {
    catalogue,
    settings: { payloadLimitBytes },
  } = dependencies;
  const batch = isStructuredBatch(request.headers["content-type"]);
  const key = request.headers["idempotency-key"];
  const hops = hopsOf(request);
  if (typeof hops !== "number") return hops;
  if (batch && key !== undefined)
    return invalid("Idempotency-Key", "belongs to a single event; the events of a batch have their own ids");
  const given = idOf(undefined, key);
  if (given !== undefined && typeof given !== "string") return given;
  const body = await readBody(
    request,
    batch ? Math.max(BATCH_BYTES, payloadLimitBytes + ENVELOPE_BYTES) : payloadLimitBytes,
  );
  if (!body.ok) return body.refusal;
  const parsed = parseUnambiguous(body.bytes);
  if (!parsed.ok) return parsed.refusal;
  const items = batchOf(parsed.value, body.bytes, batch);
  if ("refused" in items) return items;
  const events: AcceptableEvent[] = [];
  const errors: FieldError[] = [];
  for (const [index, { value, bytes }] of items.entries()) {
    if (bytes.byteLength > payloadLimitBytes)
      return refuse(
        "payload_too_large",
        `A payload may have at most ${payloadLimitBytes} bytes${batch ? `; element ${index} has more` : ""}.`,
      );
    const read = attributesOfEvent(value, batch ? `[${index}]` : "");
    if (!read.ok) errors.push(...read.errors);
    else {
      const event: AcceptableEvent = {
        type: decodeAttribute(read.attributes["type"] ?? ""),
        contentType: "application/cloudevents+json",
        body: bytes,
        ...(given !== undefined && { id: given }),
        ...(hops > 0 && { hops }),
      };
      takeAttributes(event, read.attributes, catalogue);
      events.push(event);
    }
  }
  if (errors.length > 0) return refuse("invalid_request", undefined, { errors: errors.slice(0, MAX_ERRORS) });
  const refusal =
    refuseEvents(events, catalogue, actor, batch) ?? refusePayloads(dependencies, events, batch ? [] : undefined);
  if (refusal) return refusal;
  const results = await dependencies.publisher.publish(events);
  return batch ? { body: results.map(batchResult) } : singleResult(results[0]);
}

type Item = { value: unknown; bytes: Buffer };

/** The CloudEvents of a body with their bytes. */
function batchOf(value: unknown, bytes: Buffer, batch: boolean): Item[] | Refusal {
  if (batch !== Array.isArray(value))
    return invalid(
      "",
      batch ? "must be an array of CloudEvents" : "must be one CloudEvent; many are application/cloudevents-batch+json",
    );
  if (!Array.isArray(value)) return [{ value, bytes }];
  if (value.length > MAX_BATCH) return refuse("payload_too_large", `A batch may hold at most ${MAX_BATCH} events.`);
  if (value.length === 0) return invalid("", "must hold at least one CloudEvent");
  const spans = sliceElements(bytes);
  return value.map((each: unknown, index) => ({
    value: each,
    bytes: bytes.subarray(spans[index]?.start, spans[index]?.end),
  }));
}

/** JSON without two members of one name: of these a consumer's parser may see the other one. */
function parseUnambiguous(bytes: Buffer): ReturnType<typeof parseJson> {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  return findDuplicateMember(bytes) === undefined ? parsed : { ok: false, refusal: refuse("duplicate_member") };
}

/**
 * The attributes of a body that says it is a CloudEvent, where it is one; any other body is sent on as it is, like all
 * raw bytes.
 */
function readStructured(bytes: Buffer): ReadAttributes | Refusal | undefined {
  const parsed = parseJson(bytes);
  if (!parsed.ok || !isCloudEvent(parsed.value)) return undefined;
  return findDuplicateMember(bytes) === undefined ? attributesOfEvent(parsed.value) : refuse("duplicate_member");
}

/**
 * Makes the event the CloudEvent with these attributes. Its type may be any but that of another event type: consumers
 * may go by it.
 */
function takeAttributes(event: AcceptableEvent, attributes: Attributes, catalogue: Catalogue): Refusal | undefined {
  const type = decodeAttribute(attributes["type"] ?? "");
  if (type !== event.type && (catalogue.eventType(type) || type.startsWith(RESERVED_TYPE_PREFIX)))
    return invalid("type", "names another event type than the path");
  event.attributes = attributes;
  event.id ??= eventIdOf(attributes);
  return undefined;
}

/** The events of a JSON body with the raw bytes of their payloads. */
function eventsOf(
  value: unknown,
  bytes: Buffer,
  limit: number,
  header: string | string[] | undefined,
): AcceptableEvent[] | Refusal {
  if (Array.isArray(value) && value.length > MAX_BATCH)
    return refuse("payload_too_large", `An array may hold at most ${MAX_BATCH} events.`);
  if (Array.isArray(value) && header !== undefined)
    return invalid("Idempotency-Key", "belongs to a single event; give each event of an array its id");
  const checked = Array.isArray(value) ? validate(publishBatch, value) : validate(publishInput, value);
  if (!checked.ok) return checked.refusal;
  const inputs = Array.isArray(checked.value) ? checked.value : [checked.value];
  const slices = sliceMember(bytes, "data");
  if (!slices.ok)
    return refuse("duplicate_member", slices.index === undefined ? undefined : `It is in element ${slices.index}.`);
  const events: AcceptableEvent[] = [];
  for (const [index, input] of inputs.entries()) {
    const event = eventOf(input, slices.spans[index], bytes, header);
    if ("refused" in event) return event;
    if (event.body.byteLength > limit) {
      return refuse(
        "payload_too_large",
        `A payload may have at most ${limit} bytes${inputs.length > 1 ? `; element ${index} has more` : ""}.`,
      );
    }
    events.push(event);
  }
  return events;
}

function eventOf(
  input: PublishInput,
  span: Span | undefined,
  bytes: Buffer,
  header: string | string[] | undefined,
): AcceptableEvent | Refusal {
  if (!span) return invalid("data", "is needed");
  const id = header === undefined ? input.id : idOf(input.id, header);
  if (id !== undefined && typeof id !== "string") return id;
  const event: AcceptableEvent = {
    type: input.type,
    contentType: "application/json",
    body: bytes.subarray(span.start, span.end),
  };
  if (id !== undefined) event.id = id;
  if (input.groups) event.groups = [...new Set(input.groups)];
  return event;
}

/** The event id of the body or of the header; both may be given when they are the same. */
function idOf(id: string | undefined, header: string | string[] | undefined): string | undefined | Refusal {
  if (header === undefined) return id;
  const checked = validate(idempotencyKey, header, "Idempotency-Key");
  if (!checked.ok) return checked.refusal;
  return id === undefined || id === checked.value
    ? checked.value
    : invalid("Idempotency-Key", "must be the same as id");
}

const invalid = (path: string, message: string): Refusal =>
  refuse("invalid_request", undefined, { errors: [{ path, message }] });

/** What is unknown to the catalogue or to this actor: a code of its own for one event, 400 with paths for an array. */
function refuseEvents(
  events: readonly AcceptableEvent[],
  catalogue: Catalogue,
  actor: Actor,
  batch: boolean,
): Refusal | undefined {
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
  return errors.length === 0
    ? undefined
    : refuse("invalid_request", "None of the events was published.", { errors: errors.slice(0, MAX_ERRORS) });
}

/**
 * Payloads that the schema of their type forbids, one event or an array of them; of an array nothing is published then.
 */
function refusePayloads(
  dependencies: CheckDependencies,
  events: readonly AcceptableEvent[],
  value: unknown,
): Refusal | undefined {
  if (!Array.isArray(value)) return events[0] && refusePayload(dependencies, events[0], value);
  const errors: FieldError[] = [];
  for (const [index, event] of events.entries()) {
    const refusal = refusePayload(dependencies, event, (value as readonly unknown[])[index]);
    for (const { path, message } of refusal?.errors ?? []) errors.push({ path: `[${index}].${path}`, message });
    if (errors.length >= MAX_ERRORS) break;
  }
  return errors.length === 0
    ? undefined
    : refuse("payload_invalid", "None of the events was published.", { errors: errors.slice(0, MAX_ERRORS) });
}

type CheckDependencies = Pick<ApiDependencies, "catalogue" | "payloadCheck">;

/** `input` is the parsed event of a JSON publish. For a type without a check this is one look into a map. */
function refusePayload(
  { catalogue, payloadCheck }: CheckDependencies,
  { type, contentType, body }: AcceptableEvent,
  input?: unknown,
): Refusal | undefined {
  const eventType = catalogue.eventType(type);
  if (!isChecked(eventType)) return undefined;
  const parsed = input === undefined ? undefined : { value: (input as PublishInput).data };
  const faults = payloadCheck(eventType, { contentType, bytes: body, ...(parsed && { parsed }) });
  return (
    faults &&
    refuse("payload_invalid", undefined, {
      errors: faults.map(({ path, message }) => ({ path: `data${path}`, message })),
    })
  );
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
  refuse(
    result.code,
    undefined,
    result.code === "unavailable" ? { retryAfterSeconds: result.retryAfterSeconds ?? 5 } : {},
  );
