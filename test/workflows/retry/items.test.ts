import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeliveryStatus, RetryItem } from "../../../src/workflows/contract.js";
import { cancelled, fulfilsRequests, startedAfresh, wokenUp } from "../../../src/workflows/retry/items.js";

const NOW = Date.parse("2026-11-26T10:00:00Z");
beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

const itemOf = (status: DeliveryStatus, more: Partial<RetryItem> = {}): RetryItem => ({
  deliveryId: "evt_1/sub_1",
  eventId: "evt_1",
  eventType: "order.created",
  attempts: 4,
  scheduleBase: 1,
  dueAt: NOW + 60_000,
  status,
  ...more,
});

describe("a retry by hand", () => {
  it("is due now, begins the schedule anew and forgets why it waited", () => {
    const item = itemOf("parked", { reason: "410", since: 1, reservation: { at: 5, epoch: 1 } });
    const waiting = { ...item, pass: "probe", takenBy: "retry/evt_1/2" } as const;
    const afresh = itemOf("pending", { asked: true, dueAt: NOW, scheduleBase: 4 });
    for (const each of [item, waiting]) expect(startedAfresh(each)).toStrictEqual(afresh);
  });

  it("keeps the pace of a recovery, and loses that of an earlier one", () => {
    expect(startedAfresh(itemOf("exhausted"), NOW + 5)).toMatchObject({ notBefore: NOW + 5 });
    expect(startedAfresh(itemOf("exhausted", { notBefore: 1 }))).not.toHaveProperty("notBefore");
  });
});

describe("a wake", () => {
  it.each<DeliveryStatus>(["held", "throttled"])("sends what is %s now", (status) =>
    expect(wokenUp(itemOf(status))).toMatchObject({ status: "pending", dueAt: NOW }),
  );

  it("sends it when the breaker lets it go, and says why it goes", () => {
    expect(wokenUp(itemOf("held"), { notBefore: NOW + 5, pass: "probe" })).toStrictEqual(
      itemOf("pending", { dueAt: NOW + 5, pass: "probe" }),
    );
    expect(wokenUp(itemOf("held"))).toStrictEqual(itemOf("pending", { dueAt: NOW }));
  });

  it.each<DeliveryStatus>(["pending", "retrying", "parked", "delivered", "cancelled", "exhausted"])(
    "leaves what is %s as it is",
    (status) => {
      const item = itemOf(status);
      expect(wokenUp(item)).toBe(item);
    },
  );
});

it("a cancel takes the due time away and says why", () => {
  const { dueAt: _due, ...rest } = itemOf("cancelled", { reason: "by hand", since: NOW });
  const waiting = itemOf("retrying", { reservation: { at: 5, epoch: 1 } });
  for (const item of [itemOf("retrying"), waiting]) expect(cancelled(item, "by hand")).toStrictEqual(rest);
});

describe("a retry that was asked for during an attempt", () => {
  it("is fulfilled by a delivery, and by another workflow that goes on with it", () => {
    expect(fulfilsRequests(itemOf("delivered"))).toBe(true);
    expect(fulfilsRequests(itemOf("cancelled", { takenBy: "retry/evt_1/2" }))).toBe(true);
  });

  it.each<DeliveryStatus>(["pending", "retrying", "parked", "held", "throttled", "exhausted"])(
    "still counts if it ended as %s",
    (status) => expect(fulfilsRequests(itemOf(status))).toBe(false),
  );
});
