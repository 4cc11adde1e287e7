import { describe as group, expect, it } from "vitest";
import type { RetryItem } from "../../src/workflows/contract.js";
import { describe } from "../../src/workflows/describe.js";

const item = (number: number, more: Partial<RetryItem> = {}): RetryItem =>
  ({ deliveryId: `evt_${number}.sub_1`, eventId: `evt_${number}`, eventType: "test.made", status: "parked", attempts: 1, scheduleBase: 0, ...more });

group("what an operator reads in the Temporal UI", () => {
  it("names each delivery with its status, its attempts and why", () => {
    const text = describe([item(1, { reason: "HTTP 422: a | b" }), item(2, { status: "retrying", dueAt: Date.UTC(2026, 0, 2), attempts: 3 })], 7);
    expect(text).toContain("| evt_1.sub_1 | **parked** | 1 | when told to | HTTP 422: a \\| b |");
    expect(text).toContain("| evt_2.sub_1 | **retrying** | 3 | 2026-01-02T00:00:00.000Z |");
  });

  it("says how to retry what is parked, and nothing of it where nothing is", () => {
    const text = describe([item(1)], 7);
    expect(text).toContain("signal `retry`");
    expect(text).toContain('{"deliveryIds": ["evt_1.sub_1"]}');
    expect(text).toContain("After 7 days");
    expect(describe([item(1, { status: "held" })], 7)).not.toContain("signal");
  });

  it("counts what it does not name", () => {
    const text = describe(Array.from({ length: 25 }, (_, number) => item(number)), 7);
    expect(text).toContain("and 5 more");
    expect(text).not.toContain("evt_20.sub_1");
  });
});
