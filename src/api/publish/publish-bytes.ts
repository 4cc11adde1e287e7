/** Publishing the bytes of the body as they are, under the content type that they came with. */
import { findDuplicateMember } from "../../catalogue/json-slice.js";
import { isCloudEvent, isStructuredType } from "../../catalogue/payload-check.js";
import { MEDIA_TYPE } from "../../catalogue/publisher-proof.js";
import type { AcceptableEvent } from "../dependencies.js";
import { parseJson, readBody } from "../http/body.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { RoutedRequest } from "../route.js";
import type { PublishContext } from "./publish-context.js";
import {
  attributesOfEvent,
  attributesOfHeaders,
  decodeAttribute,
  isBinaryMode,
  isStructuredBatch,
  type ReadAttributes,
} from "./cloud-events.js";
import { givenEventId, refuseEvents, refusePayload } from "./event-checks.js";
import { hopsOf } from "./hops.js";
import { type PublishAnswer, singleResult } from "./publish-answer.js";
import { publishStructured, takeAttributes } from "./publish-structured.js";

/**
 * Publishes the bytes of the body, or the CloudEvents of a batch. `ref` is the event type, which a CloudEvent in binary
 * mode may name itself.
 */
export async function publishRaw(
  { dependencies, actor }: PublishContext,
  request: RoutedRequest,
  ref?: string,
): Promise<PublishAnswer> {
  const { catalogue, settings } = dependencies;
  const binary = isBinaryMode(request.headers);
  const given = request.headers["content-type"];
  if (isStructuredBatch(given)) return publishStructured({ dependencies, actor }, request, ref);
  // A CloudEvent without data has no content type (CloudEvents 1.0, 3.1.2).
  const contentType = given ?? (binary ? NO_TYPE : "");
  if (contentType.length > 255 || !MEDIA_TYPE.test(contentType)) return refuseType();
  const hops = hopsOf(request);
  if (typeof hops !== "number") return hops;
  const id = givenEventId(undefined, request.headers["idempotency-key"]);
  if (id !== undefined && typeof id !== "string") return id;
  const structured = isStructuredType(contentType);
  const named = !structured && binary ? attributesOfHeaders(request.rawHeaders) : undefined;
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
  if (given === undefined && body.bytes.byteLength > 0) return refuseType();
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

/** Of a CloudEvent without data. A delivery needs a content type, and this one says nothing (RFC 9110, 8.3). */
const NO_TYPE = "application/octet-stream";
const refuseType = (): Refusal =>
  refuse(
    "unsupported_media_type",
    "The content type of the body must be given, as a media type of at most 255 characters.",
  );

/**
 * The attributes of a body that is a CloudEvent and says so. Any other body is sent on as it is, like all raw bytes.
 */
function readStructured(bytes: Buffer): ReadAttributes | Refusal | undefined {
  const parsed = parseJson(bytes);
  if (!parsed.ok || !isCloudEvent(parsed.value)) return undefined;
  return findDuplicateMember(bytes) === undefined ? attributesOfEvent(parsed.value) : refuse("duplicate_member");
}
