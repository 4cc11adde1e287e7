/** Publishing CloudEvents in structured mode: the envelope is the payload. */
import { findDuplicateMember, sliceElements } from "../../catalogue/json-slice.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { AcceptableEvent } from "../dependencies.js";
import { MAX_BATCH } from "../deliveries/schemas.js";
import { parseJson, readBody } from "../http/body.js";
import { type FieldError, refuse, type Refusal } from "../http/errors.js";
import { RESERVED_TYPE_PREFIX } from "../http/primitives.js";
import type { RoutedRequest } from "../route.js";
import type { PublishContext } from "./publish-context.js";
import { type Attributes, attributesOfEvent, decodeAttribute, eventIdOf, isStructuredBatch } from "./cloud-events.js";
import { givenEventId, invalid, MAX_ERRORS, refuseEvents, refusePayloads } from "./event-checks.js";
import { hopsOf } from "./hops.js";
import { batchResult, type PublishAnswer, singleResult } from "./publish-answer.js";

/** Of a whole batch. A payload limit above it raises it. */
export const BATCH_BYTES = 4 * 1024 * 1024;
/** Room for type, id and groups around one payload. */
export const ENVELOPE_BYTES = 64 * 1024;

const NOTHING = { contentType: "application/cloudevents+json", body: Buffer.alloc(0) };

/**
 * CloudEvents in structured mode, one or a batch. Each is sent on as its bytes stand in the request. `ref` is the event
 * type of all of them, where the path names it.
 */
export async function publishStructured(
  { dependencies, actor }: PublishContext,
  request: RoutedRequest,
  ref?: string,
): Promise<PublishAnswer> {
  const {
    catalogue,
    settings: { payloadLimitBytes },
  } = dependencies;
  const batch = isStructuredBatch(request.headers["content-type"]);
  const key = request.headers["idempotency-key"];
  // The type in the path is unknown as a whole, and not in each element.
  const unknown = ref === undefined ? undefined : refuseEvents([{ type: ref, ...NOTHING }], catalogue, actor, false);
  if (unknown) return unknown;
  const hops = hopsOf(request);
  if (typeof hops !== "number") return hops;
  if (batch && key !== undefined)
    return invalid("Idempotency-Key", "belongs to a single event; the events of a batch have their own ids");
  const given = givenEventId(undefined, key);
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
        type: ref ?? decodeAttribute(read.attributes["type"] ?? ""),
        contentType: "application/cloudevents+json",
        body: bytes,
        ...(given !== undefined && { id: given }),
        ...(hops > 0 && { hops }),
      };
      const foreign = takeAttributes(event, read.attributes, catalogue);
      for (const { path, message } of foreign?.errors ?? [])
        errors.push({ path: batch ? `[${index}].${path}` : path, message });
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
 * Makes the event the CloudEvent with these attributes. Its type may be any but that of another event type: consumers
 * may go by it.
 */
export function takeAttributes(
  event: AcceptableEvent,
  attributes: Attributes,
  catalogue: Catalogue,
): Refusal | undefined {
  const type = decodeAttribute(attributes["type"] ?? "");
  if (type !== event.type && (catalogue.eventType(type) || type.startsWith(RESERVED_TYPE_PREFIX)))
    return invalid("type", "names another event type than the path");
  event.attributes = attributes;
  event.id ??= eventIdOf(attributes);
  return undefined;
}
