/** An event and a delivery as the store holds them, for tests of what the API makes of records. */
import type { Attempt, Delivery, EventRecord } from "../../src/store/model.js";
import type { Tenant } from "./running-api.js";

/** The record of an event of the tenant, with its payload. */
export const recordedEvent = (
  { eventType, apiId }: Tenant,
  id: string,
  payload: Uint8Array = Buffer.from("{}"),
  more: Partial<EventRecord> = {},
): { record: EventRecord; payload: Uint8Array } => ({
  record: {
    id,
    type: eventType,
    apiId,
    contentType: "application/json",
    sha256: "x",
    size: payload.byteLength,
    acceptedAt: new Date(),
    owner: id,
    ...more,
  },
  payload,
});

/** A delivery of the event to the tenant's subscription, parked after one attempt. */
export function parkedDelivery(tenant: Tenant, eventId: string, detail?: NonNullable<Attempt["detail"]>): Delivery {
  const { subscriptionId, groupId, eventType } = tenant;
  const at = new Date();
  return {
    id: `${eventId}.${subscriptionId}`,
    eventId,
    subscriptionId,
    groupId,
    eventType,
    status: "parked",
    createdAt: at,
    updatedAt: at,
    attemptCount: 1,
    attempts: [{ number: 1, at, outcome: "refused", status: 422, durationMs: 12, ...(detail && { detail }) }],
  };
}
