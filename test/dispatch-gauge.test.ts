import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDispatchGauge } from "../src/dispatch-gauge.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the gauge of batches that are not dispatched yet", () => {
  it("counts a batch from its start until its first attempts are made", () => {
    const gauge = createDispatchGauge();
    gauge.begin("one");
    gauge.begin("two");
    expect(gauge.count).toBe(2);
    gauge.done("one");
    expect(gauge.count).toBe(1);
    gauge.done("two");
    expect(gauge.count).toBe(0);
  });

  it("tells every listener when the count falls, and only then", () => {
    const gauge = createDispatchGauge();
    const told: [string, number][] = [];
    gauge.onFall(() => told.push(["first", gauge.count]));
    gauge.onFall(() => told.push(["second", gauge.count]));
    gauge.begin("one");
    gauge.done("unknown");
    expect(told).toEqual([]);
    gauge.done("one");
    gauge.done("one");
    expect(told).toEqual([
      ["first", 0],
      ["second", 0],
    ]);
  });

  it("stops counting a batch that another process has taken", () => {
    const gauge = createDispatchGauge();
    let falls = 0;
    gauge.onFall(() => falls++);
    gauge.begin("taken elsewhere");
    vi.advanceTimersByTime(999);
    expect(gauge.count).toBe(1);
    vi.advanceTimersByTime(1);
    expect([gauge.count, falls]).toEqual([0, 1]);
    gauge.done("taken elsewhere");
    expect(falls).toBe(1);
  });

  it("does not count a batch that is done a second time when its time is over", () => {
    const gauge = createDispatchGauge();
    let falls = 0;
    gauge.onFall(() => falls++);
    gauge.begin("one");
    gauge.done("one");
    vi.advanceTimersByTime(10_000);
    expect(falls).toBe(1);
  });
});
