import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createSoon } from "../../../src/activities/retry/soon.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("does it once for all who asked meanwhile, and again for who asks later", async () => {
  let done = 0;
  const soon = createSoon(200, async () => void done++);
  soon.ask();
  soon.ask();
  await vi.advanceTimersByTimeAsync(199);
  expect(done).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toBe(1);
  soon.ask();
  await vi.advanceTimersByTimeAsync(200);
  expect(done).toBe(2);
});

it("ends with all that is under way, and tells what failed", async () => {
  const waits: (() => void)[] = [];
  let fails = true;
  const soon = createSoon(200, async () => {
    if (fails) throw new Error("no store");
    await new Promise<void>((resolve) => waits.push(resolve));
  });
  soon.ask();
  await vi.advanceTimersByTimeAsync(200);
  fails = false;
  soon.ask();
  await vi.advanceTimersByTimeAsync(200);
  let ended = false;
  const end = soon.end().finally(() => (ended = true));
  const failed = expect(end).rejects.toThrow("no store");
  waits[1]?.();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ended).toBe(false);
  waits[0]?.();
  await failed;
  // Nothing was asked for since then.
  expect(waits).toHaveLength(2);
});
