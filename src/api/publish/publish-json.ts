/**
 * Publishing JSON. The hot path: one synchronous key check, one JSON.parse, one scan for the raw bytes of `data`. It
 * has no promise, middleware or log line beyond what is needed. The publisher writes the log line of the event.
 */
import { sliceMember, type Span } from "../../catalogue/json-slice.js";
import { isCloudEvent, isStructuredType } from "../../catalogue/payload-check.js";
import type { AcceptableEvent } from "../dependencies.js";
import { MAX_BATCH, publishBatch, publishInput, type PublishInput } from "../deliveries/schemas.js";
import { parseJson, readBody, refuseUnlessJson } from "../http/body.js";
import { refuse, type Refusal } from "../http/errors.js";
import { validate } from "../http/validate.js";
import type { RoutedRequest } from "../route.js";
import type { PublishContext } from "./publish-context.js";
import { isBinaryMode, isStructuredBatch } from "./cloud-events.js";
import { givenEventId, invalid, nameGroups, refuseEvents, refusePayloads } from "./event-checks.js";
import { hopsOf } from "./hops.js";
import { batchResult, type PublishAnswer, singleResult } from "./publish-answer.js";
import { publishRaw } from "./publish-bytes.js";
import { BATCH_BYTES, ENVELOPE_BYTES, publishStructured } from "./publish-structured.js";

export async function publishJson(
  context: PublishContext,
  request: RoutedRequest,
  form?: "array",
): Promise<PublishAnswer> {
  const { dependencies, actor } = context;
  const type = request.headers["content-type"];
  if (isStructuredBatch(type) || (form === undefined && isStructuredType(type)))
    return publishStructured(context, request);
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
  nameGroups(events, dependencies.catalogue, actor);
  const batch = Array.isArray(parsed.value);
  const refusal =
    refuseEvents(events, dependencies.catalogue, actor, batch) ?? refusePayloads(dependencies, events, parsed.value);
  if (refusal) return refusal;
  const results = await dependencies.publisher.publish(events);
  if (batch) return { body: results.map(batchResult) };
  return singleResult(results[0]);
}

/** A structured CloudEvent whose client left its content type to a library. */
const CLOUD_EVENT = invalid(
  "specversion",
  "belongs to a CloudEvent: send it as application/cloudevents+json, or many as application/cloudevents-batch+json",
);

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
  if (!checked.ok) return isCloudEvent(Array.isArray(value) ? value[0] : value) ? CLOUD_EVENT : checked.refusal;
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
  const id = header === undefined ? input.id : givenEventId(input.id, header);
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
