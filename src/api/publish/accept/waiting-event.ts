/** An event between its acceptance by the API and its being durable. */
import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { newId } from "../../../store/ids.js";
import type { EventBody, PublishedEvent } from "../../../workflows/contract.js";
import type { AcceptableEvent, PublishResult } from "../../dependencies.js";

/** Larger payloads never travel in a start: they are accepted only while the store takes them. */
const CLAIM_CHECK_BYTES = 64 * 1024;

/**
 * The client hears within 5 s, whatever engine and store do. The time counts from the moment when the publisher got the
 * event.
 */
export const ANSWER_WITHIN_MS = 4_500;
const RETRY_AFTER_SECONDS = 5;

/** An accepted event on its way to being durable. */
export interface Waiting {
  event: PublishedEvent;
  payload: Uint8Array;
  resolve: (result: PublishResult) => void;
  promise: Promise<PublishResult>;
  since: number;
}

/** Milliseconds that the longest waiting of these may still take. */
export const leastLeft = (waiting: readonly Waiting[]): number =>
  ANSWER_WITHIN_MS + Math.min(...waiting.map(({ since }) => since)) - performance.now();

export const unavailable = (id: string): PublishResult => ({
  ok: false,
  id,
  code: "unavailable",
  retryAfterSeconds: RETRY_AFTER_SECONDS,
});

/** The form in which an event travels, with its promise of an answer. */
export function prepare(event: AcceptableEvent): Waiting {
  let resolve: Waiting["resolve"] = () => undefined;
  const promise = new Promise<PublishResult>((settled) => (resolve = settled));
  const body = Buffer.from(event.body.buffer, event.body.byteOffset, event.body.byteLength);
  const published: PublishedEvent = {
    id: event.id ?? newId("evt"),
    type: event.type,
    contentType: event.contentType,
    body: { stored: true },
    sha256: hash("sha256", body, "base64url"),
    acceptedAt: Date.now(),
    ...(event.groups && { groups: event.groups }),
    ...(event.subscriptionIds && { subscriptionIds: event.subscriptionIds }),
    ...(event.attributes && { attributes: event.attributes }),
    ...(event.hops && { hops: event.hops }),
    ...(event.id === undefined && { ownId: true as const }),
  };
  return { event: published, payload: body, resolve, promise, since: performance.now() };
}

/** Whether the start of a workflow may carry the payload, as it does while the store takes none. */
export const mayTravel = ({ event, payload }: Waiting): boolean =>
  event.ownId === true && payload.byteLength <= CLAIM_CHECK_BYTES;

/**
 * UTF-8 text travels as text (a base64 batch is a third larger). Everything else as base64. Both give back the exact
 * bytes.
 */
export function eventBodyOf(payload: Uint8Array): EventBody {
  const body = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return isUtf8(body) ? { text: body.toString("utf8") } : { base64: body.toString("base64") };
}

/** Whether a second publish of an id says the same as the first. */
export const sameContent = (a: { sha256: string; type: string }, b: { sha256: string; type: string }): boolean =>
  a.sha256 === b.sha256 && a.type === b.type;
