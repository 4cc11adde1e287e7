import { describe, expect, it } from "vitest";
import type { RetryDeliveryInput } from "../../../src/workflows/contract.js";
import { createLanes, subscriptionsOf } from "../../../src/workflows/retry/lanes.js";
import { newRunState, nextInput } from "../../../src/workflows/retry/run-state.js";
import { retryItem as item } from "./retry-item.js";

const INPUT: RetryDeliveryInput = {
  subscriptionId: "sub_1",
  groupId: "grp_1",
  items: [item("evt_1.sub_1"), item("evt_2.sub_1")],
  others: [{ subscriptionId: "sub_2", groupId: "grp_2", items: [item("evt_1.sub_2")] }],
  parkOpenDays: 7,
};

describe("lanes", () => {
  it("are one for each subscription", () => {
    const lanes = createLanes(INPUT);
    expect(lanes.all.map(({ subscriptionId, groupId }) => [subscriptionId, groupId])).toEqual([
      ["sub_1", "grp_1"],
      ["sub_2", "grp_2"],
    ]);
    expect(lanes.of(item("evt_2.sub_1")).subscriptionId).toBe("sub_1");
    expect(() => lanes.of(item("evt_9.sub_9"))).toThrow("evt_9.sub_9");
  });

  it("are a single one for a workflow of one subscription", () => {
    const { others: _others, ...input } = INPUT;
    expect(createLanes(input).all.map(({ subscriptionId }) => subscriptionId)).toEqual(["sub_1"]);
  });

  it("count their runs together", () => {
    const lanes = createLanes(INPUT);
    for (const [n, lane] of lanes.all.entries()) lane.runs = n + 1;
    expect(lanes.runs()).toBe(3);
  });

  it("bundle items by subscription, and leave out those without any", () => {
    const lanes = createLanes(INPUT);
    expect(lanes.bundle([item("evt_1.sub_2"), item("evt_2.sub_1")])).toEqual([
      { subscriptionId: "sub_1", groupId: "grp_1", items: [item("evt_2.sub_1")] },
      { subscriptionId: "sub_2", groupId: "grp_2", items: [item("evt_1.sub_2")] },
    ]);
    expect(lanes.bundle([item("evt_1.sub_2")])).toHaveLength(1);
  });
});

describe("the input of the next run", () => {
  it("holds what is open, by subscription, and not the clock of the one that handed it over", () => {
    const state = newRunState({ ...INPUT, asOf: Date.now() });
    expect(nextInput(state)).toEqual(INPUT);
    state.items.set("evt_1.sub_1", item("evt_1.sub_1", { status: "delivered" }));
    expect(subscriptionsOf(nextInput(state)).map(({ items }) => items.length)).toEqual([1, 1]);
    state.items.set("evt_2.sub_1", item("evt_2.sub_1", { status: "cancelled" }));
    const { others, ...rest } = INPUT;
    expect(nextInput(state)).toEqual({ ...rest, ...others?.[0] });
  });
});
