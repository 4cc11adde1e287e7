import { expect, it, vi } from "vitest";
import { createRecordLag } from "../../../src/activities/record/record-lag.js";

const never = (): boolean => false;
const LONG_MS = 60_000;
const becomesBehind = (lag: { isBehind(): boolean }) => expect.poll(() => lag.isBehind()).toBe(true);

it("is behind while nothing gets on record, and goes on as soon as something does", async () => {
  const changes: [number, number][] = [];
  const lag = createRecordLag((open, waiting) => void changes.push([open, waiting]));
  const [, second] = [lag.open(), lag.open()];
  expect(lag.isBehind()).toBe(false);
  await expect(lag.caughtUp(0, never)).resolves.toBe(true);
  await becomesBehind(lag);
  await expect(lag.caughtUp(0, never)).resolves.toBe(false);
  const waiting = [lag.caughtUp(LONG_MS, never), lag.caughtUp(LONG_MS, never)];
  await expect.poll(() => changes.at(-1)).toEqual([2, 2]);
  second();
  expect(lag.isBehind()).toBe(false);
  await expect(Promise.all(waiting)).resolves.toEqual([true, true]);
  expect(changes.at(-1)).toEqual([1, 0]);
});

it("is behind once an outcome has waited for long, though others get on record, until that one is", async () => {
  const lag = createRecordLag();
  const oldest = lag.open();
  await expect
    .poll(
      () => {
        lag.open()();
        return lag.isBehind();
      },
      { interval: 10 },
    )
    .toBe(true);
  oldest();
  oldest();
  expect(lag.isBehind()).toBe(false);
});

it("no longer holds one whose run has ended", async () => {
  const lag = createRecordLag();
  lag.open();
  await becomesBehind(lag);
  let isOver = false;
  const waiting = lag.caughtUp(LONG_MS, () => isOver);
  isOver = true;
  await expect(waiting).resolves.toBe(false);
});

it("forgets an outcome that cannot be recorded after a minute", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const lag = createRecordLag();
    lag.open();
    vi.advanceTimersByTime(59_000);
    expect(lag.isBehind()).toBe(true);
    vi.advanceTimersByTime(1_001);
    expect(lag.isBehind()).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});
