import { describe, expect, it } from "vitest";
import { DELIVERY_STATUSES, type DeliveryStatus, type RetryItem } from "../../src/workflows/contract.js";
import {
  mostUrgent,
  searchAttributesOf,
  statusAttribute,
  statusOf,
  URGENCY,
} from "../../src/workflows/search-attributes.js";

const itemOf = (status: DeliveryStatus, eventId = "evt_1"): RetryItem => ({
  deliveryId: `${eventId}/sub_1`,
  eventId,
  eventType: "order.created",
  attempts: 1,
  scheduleBase: 0,
  dueAt: 0,
  status,
});
const written = (items: readonly RetryItem[]) =>
  Object.fromEntries(
    searchAttributesOf({ subscriptionId: "sub_1", groupId: "grp_1", items }).map(({ key, value }) => [key.name, value]),
  );

describe("the status that several deliveries show", () => {
  it("is the one that most needs somebody", () => {
    expect(statusOf([itemOf("delivered"), itemOf("retrying"), itemOf("parked")])).toBe("parked");
    expect(statusOf([itemOf("delivered"), itemOf("exhausted")])).toBe("exhausted");
    expect(statusOf([])).toBe("delivered");
  });

  it("ranks every status once", () => expect(URGENCY.toSorted()).toEqual([...DELIVERY_STATUSES].sort()));
});

describe("several subscriptions", () => {
  const of = (n: number, ...items: RetryItem[]) => ({ subscriptionId: `sub_${n}`, groupId: `grp_${n}`, items });

  it("are stood for by the one that most needs somebody, and by its delivery", () => {
    const second = of(2, itemOf("retrying", "evt_2"), itemOf("parked", "evt_3"));
    expect(mostUrgent([of(1, itemOf("throttled")), second, of(3, itemOf("parked", "evt_4"))])).toEqual(
      of(2, itemOf("parked", "evt_3")),
    );
  });

  it("are one, which stands for itself with its first event", () => {
    const one = of(1, itemOf("retrying", "evt_1"), itemOf("parked", "evt_2"));
    expect(mostUrgent([one])).toEqual(one);
  });
});

describe("search attributes", () => {
  it("name the subscription, the group, and the first event", () => {
    expect(written([itemOf("retrying", "evt_1"), itemOf("held", "evt_2")])).toEqual({
      WebhookStatus: "held",
      WebhookSubscription: "sub_1",
      WebhookGroup: "grp_1",
      WebhookEventType: "order.created",
      WebhookEventId: "evt_1",
    });
  });

  it("fit the columns of a Temporal on PostgreSQL, however long an id is", () => {
    expect(String(written([itemOf("retrying", "e".repeat(500))])["WebhookEventId"])).toHaveLength(255);
  });

  it("have no event where there is none", () =>
    expect(Object.keys(written([]))).toEqual(["WebhookStatus", "WebhookSubscription", "WebhookGroup"]));

  it("change the status alone", () =>
    expect(statusAttribute("parked").map(({ key, value }) => [key.name, value])).toEqual([
      ["WebhookStatus", "parked"],
    ]));
});
