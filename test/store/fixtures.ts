/** Objects as the rest of the program hands them to the store. */
import { deliveryIdOf } from "../../src/workflows/event-id.js";
import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { StoreError } from "../../src/store/store-error.js";
import type { Attempt, Delivery, EventRecord, Subscription } from "../../src/store/model.js";

export const AT = new Date("2026-01-01T10:00:00.000Z");
export const later = (ms: number): Date => new Date(AT.getTime() + ms);

export function event(
  id: string,
  payload = `payload of ${id}`,
  fields: Partial<EventRecord> = {},
): { record: EventRecord; payload: Uint8Array } {
  const bytes = Buffer.from(payload);
  const record = {
    id,
    type: "payments.invoice.paid",
    apiId: "api_1",
    contentType: "application/json",
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("base64url"),
    acceptedAt: AT,
    owner: "batch_1",
    ...fields,
  };
  return { record, payload: bytes };
}

export function attempt(number: number, fields: Partial<Attempt> = {}): Attempt {
  return {
    number,
    at: later(number * 1_000),
    outcome: "http_5xx",
    status: 503,
    durationMs: 12.5,
    detail: {
      url: "https://consumer.example/hook",
      requestHeaders: { "webhook-id": "evt" },
      responseHeaders: { server: "x" },
      responseBody: "busy",
      responseBodyEncoding: "utf8",
    },
    ...fields,
  };
}

export function delivery(eventId: string, subscriptionId = "sub_1", fields: Partial<Delivery> = {}): Delivery {
  return {
    id: deliveryIdOf(eventId, subscriptionId),
    eventId,
    subscriptionId,
    groupId: "grp_1",
    eventType: "payments.invoice.paid",
    status: "retrying",
    createdAt: AT,
    updatedAt: AT,
    attemptCount: 1,
    attempts: [attempt(1)],
    ...fields,
  };
}

export function subscription(id: string, fields: Partial<Subscription> = {}): Subscription {
  return {
    id,
    groupId: "grp_1",
    url: "https://consumer.example/hook",
    eventTypes: ["payments.invoice.paid"],
    rateLimit: { perSecond: 0.5, burst: 1 },
    auth: { type: "basic", username: "user", password: "the password" },
    tls: { clientCert: "public certificate", clientKey: "the client key", ca: "public ca", minVersion: "TLSv1.3" },
    secrets: [
      { secret: "whsec_new", createdAt: AT },
      { secret: "whsec_old", createdAt: AT, expiresAt: later(1_000) },
    ],
    status: "active",
    createdAt: AT,
    updatedAt: AT,
    ...fields,
  };
}

/** What a rejection with this StoreError code looks like. */
export const coded = (code: StoreError["code"]): Error =>
  expect.objectContaining({ name: "StoreError", code }) as Error;
