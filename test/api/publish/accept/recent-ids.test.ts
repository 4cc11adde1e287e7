import { describe, expect, it } from "vitest";
import { createRecentIds } from "../../../../src/api/publish/accept/recent-ids.js";
import type { PublishedEvent } from "../../../../src/workflows/contract.js";

const HOUR_MS = 3_600_000;
const event = (id: string): PublishedEvent => ({
  id,
  type: "payments.invoice.paid",
  contentType: "application/json",
  body: { stored: true },
  sha256: "x",
  acceptedAt: 0,
});

describe("ids that were committed lately", () => {
  it("are remembered for an hour, which is less than any retention, also when they are asked for", () => {
    const clock = { time: 1, now: () => clock.time };
    const recent = createRecentIds({ onErasure: () => undefined }, clock);
    recent.add(event("order-1"));
    clock.time += HOUR_MS - 1;
    expect(recent.get("order-1")).toEqual({ sha256: "x", type: "payments.invoice.paid" });
    clock.time += 2;
    expect(recent.get("order-1")).toBeUndefined();
  });

  it("are forgotten with any erasure, and beyond 20,000", () => {
    const listeners: (() => void)[] = [];
    const recent = createRecentIds({ onErasure: (listener) => void listeners.push(listener) });
    for (let index = 0; index <= 20_000; index++) recent.add(event(`order-${index}`));
    expect(recent.get("order-0")).toBeUndefined();
    expect(recent.get("order-1")).toBeDefined();
    for (const forget of listeners) forget();
    expect(recent.get("order-1")).toBeUndefined();
  });
});
