import type { RetryItem } from "../../../src/workflows/contract.js";

/** A delivery that nothing was done for yet. */
export const retryItem = (id: string, fields: Partial<RetryItem> = {}): RetryItem => ({
  deliveryId: id,
  eventId: "evt_1",
  eventType: "test.made",
  status: "pending",
  attempts: 0,
  scheduleBase: 0,
  ...fields,
});
