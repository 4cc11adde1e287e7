import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inTimeOr, withinDeadline } from "../../src/store/deadline.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = (): Promise<never> => new Promise(() => undefined);
const late = (): Error => new Error("late");

describe("work within a deadline", () => {
  it("gives its result, and leaves no timer behind", async () => {
    await expect(withinDeadline(1_000, async () => Promise.resolve("done"), late)).resolves.toBe("done");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fails with its own error, and leaves no timer behind", async () => {
    const work = async (): Promise<never> => Promise.reject(new Error("its own"));
    await expect(withinDeadline(1_000, work, late)).rejects.toThrow("its own");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is stopped at the deadline and not before, and the caller gets the error of the deadline", async () => {
    let stop: AbortSignal | undefined;
    const given = withinDeadline(
      1_000,
      (signal) => {
        stop = signal;
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(new Error("stopped work"))),
        );
      },
      late,
    );
    const failed = expect(given).rejects.toThrow("late");
    vi.advanceTimersByTime(999);
    expect(stop?.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    await failed;
    expect(stop?.aborted).toBe(true);
    expect(stop?.reason).toEqual(late());
  });

  it("is stopped when its caller gives it up, and leaves no timer behind", async () => {
    const caller = new AbortController();
    let stop: AbortSignal | undefined;
    const given = withinDeadline(1_000, (signal) => ((stop = signal), never()), late, caller.signal);
    const failed = expect(given).rejects.toThrow("given up");
    expect(stop?.aborted).toBe(false);
    caller.abort(new Error("given up"));
    await failed;
    expect(stop?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not begin when its caller has given it up before", async () => {
    const work = vi.fn(never);
    await expect(withinDeadline(1_000, work, late, AbortSignal.abort(new Error("given up")))).rejects.toThrow(
      "given up",
    );
    expect(work).not.toHaveBeenCalled();
  });

  it("may fail later without anybody to hear it", async () => {
    let fail: (error: Error) => void = () => undefined;
    const given = withinDeadline(1_000, () => new Promise((_resolve, reject) => (fail = reject)), late);
    const failed = expect(given).rejects.toThrow("late");
    vi.advanceTimersByTime(1_000);
    await failed;
    fail(new Error("unheard"));
    // An unhandled rejection would fail this test file.
    await vi.runAllTimersAsync();
  });
});

describe("a result in time, or another", () => {
  it("is the work's own while there is time", async () => {
    await expect(inTimeOr(1_000, Promise.resolve("fresh"), "stale")).resolves.toBe("fresh");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is the other one when the work takes too long", async () => {
    const given = inTimeOr(1_000, never(), "stale");
    vi.advanceTimersByTime(1_000);
    await expect(given).resolves.toBe("stale");
  });

  it("is the work's failure while there is time", async () => {
    await expect(inTimeOr(1_000, Promise.reject(new Error("its own")), "stale")).rejects.toThrow("its own");
  });
});
