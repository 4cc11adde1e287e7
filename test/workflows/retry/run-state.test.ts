import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DELIVERY_STATUSES, type RetryDeliveryInput } from "../../../src/workflows/contract.js";
import { isSettled, newRunState, nextInput, openItems } from "../../../src/workflows/retry/run-state.js";
import { retryItem as item } from "./retry-item.js";

const NOW = Date.parse("2026-11-26T10:00:00Z");
beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

const INPUT: RetryDeliveryInput = {
  subscriptionId: "sub_1",
  groupId: "grp_1",
  items: [item("evt_1.sub_1", { dueAt: NOW + 600_005 })],
  others: [{ subscriptionId: "sub_2", groupId: "grp_2", items: [item("evt_1.sub_2")] }],
  parkOpenDays: 7,
};

describe("a run begins", () => {
  it("with all deliveries, nothing under way, nothing asked, and the time of its own clock", () => {
    const state = newRunState(INPUT);
    expect(state).toMatchObject({ input: INPUT, news: 0, signals: 0, lookedAt: NOW, clock: NOW });
    expect([...state.items.keys()]).toEqual(["evt_1.sub_1", "evt_1.sub_2"]);
    expect([state.requests.size, state.underWay.size, state.givenUp.size]).toEqual([0, 0, 0]);
    expect(state.failure).toBeUndefined();
    expect(state.lanes.of(item("evt_1.sub_2")).subscriptionId).toBe("sub_2");
  });

  it("with what lies ahead by the clock that handed it over as far ahead by its own", () => {
    const state = newRunState({ ...INPUT, asOf: NOW + 600_000 });
    expect(state.items.get("evt_1.sub_1")?.dueAt).toBe(NOW + 5);
  });
});

it("what is delivered, cancelled or used up is settled, and all else is open", () => {
  const settled = DELIVERY_STATUSES.filter((status) => isSettled(item("d", { status })));
  expect(settled.toSorted()).toEqual(["cancelled", "delivered", "exhausted"]);
  const state = newRunState(INPUT);
  state.items.set("evt_1.sub_2", item("evt_1.sub_2", { status: "delivered" }));
  expect(openItems(state).map(({ deliveryId }) => deliveryId)).toEqual(["evt_1.sub_1"]);
});

describe("the next run", () => {
  it("has no other subscriptions where those of one are open", () => {
    const state = newRunState(INPUT);
    state.items.set("evt_1.sub_2", item("evt_1.sub_2", { status: "delivered" }));
    expect(nextInput({ ...state, input: { ...INPUT, asOf: NOW } })).toStrictEqual({
      subscriptionId: "sub_1",
      groupId: "grp_1",
      items: INPUT.items,
      parkOpenDays: 7,
    });
  });

  it("has the subscription of before where nothing is open", () => {
    const state = newRunState(INPUT);
    for (const id of state.items.keys()) state.items.set(id, item(id, { status: "delivered" }));
    expect(nextInput(state)).toStrictEqual({ subscriptionId: "sub_1", groupId: "grp_1", items: [], parkOpenDays: 7 });
  });
});
