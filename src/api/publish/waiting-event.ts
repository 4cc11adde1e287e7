/** An event between its acceptance by the API and its being durable. */
import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { newId } from "../../store/ids.js";
import type { EventBody, PublishedEvent } from "../../workflows/contract.js";
import type { AcceptableEvent, PublishResult } from "../dependencies.js";

/** Larger payloads go sealed to the store first and travel as a reference. */
const CLAIM_CHECK_BYTES = 64 * 1024;

/** The client hears within 5 s, whatever engine and store do; counted from the moment the publisher got the event. */
export const ANSWER_WITHIN_MS = 4_500;

/** An accepted event on its way to being durable. */
export interface Waiting {
  event: PublishedEvent;
  payload: Uint8Array;
  resolve: (result: PublishResult) => void;
  promise: Promise<PublishResult>;
  since: number;
  /** Set when an earlier owner of the record never came to be and this start replaces it. */
  workflowId?: string;
}

/** The form in which an event travels, with its promise of an answer. */
export function prepare(event: AcceptableEvent): Waiting {
  let resolve: Waiting["resolve"] = () => undefined;
  const promise = new Promise<PublishResult>((settled) => (resolve = settled));
  const body = Buffer.from(event.body.buffer, event.body.byteOffset, event.body.byteLength);
  const published: PublishedEvent = {
    id: event.id ?? newId("evt"),
    type: event.type,
    contentType: event.contentType,
    body: eventBodyOf(body),
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

/**
 * UTF-8 text travels as text (a base64 batch is a third larger); everything else as base64. Both give back the exact
 * bytes.
 */
export function eventBodyOf(body: Buffer): EventBody {
  if (body.byteLength > CLAIM_CHECK_BYTES) return { stored: true };
  return isUtf8(body) ? { text: body.toString("utf8") } : { base64: body.toString("base64") };
}

/** Whether a second publish of an id says the same as the first. */
export const sameContent = (a: { sha256: string; type: string }, b: { sha256: string; type: string }): boolean =>
  a.sha256 === b.sha256 && a.type === b.type;
