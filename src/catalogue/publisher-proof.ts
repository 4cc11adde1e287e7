/**
 * What a publisher started with its own Temporal client. It is checked against its key, and reduced to what a publisher
 * may say. The key and its apis are what the codec sealed into the envelope (src/store/sealing/payload-codec.ts).
 */
import { hash } from "node:crypto";
import { ApplicationFailure } from "@temporalio/common";
import type { ApiKey } from "../store/model.js";
import { MAX_EVENTS_PER_WORKFLOW, type EventBody, type PublishedEvent } from "../workflows/contract.js";
import { EVENT_ID_CHARACTERS, isEventId, MAX_EVENT_ID } from "../workflows/event-id.js";
import { type PublisherProof, UNPROVEN } from "../workflows/proof-of.js";
import type { Catalogue } from "./catalogue.js";
import { OWN_API_ID } from "./notices/own-api.js";

/** The same as over REST: a media type with parameters, RFC 9110 section 8.3.1. */
export const MEDIA_TYPE = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+\/[A-Za-z0-9!#$%&'*+.^_`|~-]+[ \t]*(;[\x20-\x7e\t]*)?$/;
const CONTENT_TYPE_CHARACTERS = 255;
const TYPE_CHARACTERS = 256;
const GROUPS = 1_000;

/** Puts a refused start on record. Rejects when that cannot be done now. */
export type RecordRefusal = (refusal: { workflowType: string; purpose: string; by?: string }) => Promise<void>;

/** Neither revoked nor expired. */
export function isLive(key: Pick<ApiKey, "revokedAt" | "expiresAt">): boolean {
  return key.revokedAt === undefined && (key.expiresAt === undefined || key.expiresAt.getTime() > Date.now());
}

/** Whether the key may publish at all now. */
const mayPublish = (key: ApiKey): boolean =>
  isLive(key) && (key.role === "provider" || key.role === "admin") && (key.scopes?.includes("events:publish") ?? true);

/**
 * Why the holder of the key may not publish these types, or undefined. What was sealed and what holds now must both
 * allow it. A key that was revoked or limited since sealing starts nothing more. A key that was widened starts nothing
 * that it could not when it sealed.
 */
export function refusePublisher(
  catalogue: Catalogue,
  { keyId, apis }: PublisherProof,
  types: readonly string[],
): string | undefined {
  const key = catalogue.apiKey(keyId);
  if (!key || !mayPublish(key))
    return `The key ${keyId} may not publish: it was revoked, has ended, or is no key of a provider.`;
  const present = key.role === "provider" ? key.apiIds : undefined;
  const foreign = [...new Set(types)].filter((type) => {
    const apiId = catalogue.eventType(type)?.apiId;
    // Nobody but the service publishes what the service tells of itself.
    if (apiId === undefined || apiId === OWN_API_ID) return true;
    return !(apis?.includes(apiId) ?? true) || !(present?.includes(apiId) ?? true);
  });
  return foreign.length === 0
    ? undefined
    : `The key ${keyId} may not publish ${foreign.slice(0, 5).join(", ")}: no such event type is in its apis.`;
}

/** @throws ApplicationFailure `publisher_unproven`, not retryable */
export function failUnproven(reason: string): never {
  throw ApplicationFailure.nonRetryable(
    `${reason} Nothing was sent. Start the workflow with a live key whose apis have these event types.`,
    UNPROVEN,
  );
}

/**
 * The events as a publisher may give them, with a hash of our own making. The marks of our own API are taken away:
 * whose the record is, that it exists, and which subscriptions.
 *
 * @throws ApplicationFailure `input_invalid`, not retryable
 */
export function eventsOfPublisher(given: readonly unknown[]): PublishedEvent[] {
  if (given.length > MAX_EVENTS_PER_WORKFLOW) invalid(`One workflow takes at most ${MAX_EVENTS_PER_WORKFLOW} events.`);
  const seen = new Set<string>();
  return given.map((event, index) => {
    const read = eventOf(event);
    if (typeof read === "string")
      return invalid(`events[${index}] ${read}: make it with publishedEvent() of sealpost/client.`);
    if (seen.has(read.id)) return invalid(`events[${index}] has the id of an earlier one.`);
    seen.add(read.id);
    return read;
  });
}

function eventOf(given: unknown): PublishedEvent | string {
  if (typeof given !== "object" || given === null) return "must be an object";
  const { id, type, contentType, body, groups, acceptedAt } = given as Record<string, unknown>;
  if (typeof id !== "string" || !isEventId(id)) return `needs an id of 1 to ${MAX_EVENT_ID} of ${EVENT_ID_CHARACTERS}`;
  if (typeof type !== "string" || type.length > TYPE_CHARACTERS) return "needs a type";
  if (typeof contentType !== "string" || contentType.length > CONTENT_TYPE_CHARACTERS || !MEDIA_TYPE.test(contentType))
    return "needs a contentType that is a media type";
  if (typeof acceptedAt !== "number" || !Number.isFinite(acceptedAt)) return "needs acceptedAt in milliseconds";
  const bytes = bytesOf(body);
  if (!bytes) return "needs a body with `text` or `base64`";
  if (groups !== undefined && !isListOfTexts(groups)) return "must name its groups in a list of ids";
  const now = Date.now();
  return {
    id,
    type,
    contentType,
    body: body as EventBody,
    sha256: hash("sha256", bytes, "base64url"),
    // The record and the latency are measured from it: a publisher's clock may be wrong, but not ahead.
    acceptedAt: Math.min(Math.max(acceptedAt, 0), now),
    ...(groups && { groups: [...new Set(groups)] }),
  };
}

/** It is not `stored`, which would send what the record of another publisher's event holds. */
function bytesOf(body: unknown): Buffer | undefined {
  if (typeof body !== "object" || body === null || "stored" in body) return undefined;
  const { text, base64 } = body as { text?: unknown; base64?: unknown };
  if (typeof text === "string" && base64 === undefined) return Buffer.from(text, "utf8");
  return typeof base64 === "string" && text === undefined ? Buffer.from(base64, "base64") : undefined;
}

const isListOfTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= GROUPS && value.every((each) => typeof each === "string");

const invalid = (message: string): never => {
  throw ApplicationFailure.nonRetryable(message, "input_invalid");
};
