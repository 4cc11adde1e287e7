import { expect, it } from "vitest";
import { createWatchdog } from "../../src/catalogue/watchdog.js";

const watchdog = createWatchdog();

it("gives what the work gives, and what it throws", () => {
  expect(watchdog(() => ({ a: 1 }), 5_000)).toEqual({ ok: true, value: { a: 1 } });
  expect(() =>
    watchdog(() => {
      throw new RangeError("deep");
    }, 5_000),
  ).toThrow(RangeError);
});

it.each([
  [
    "a loop without end",
    () => {
      for (;;);
    },
  ],
  ["a regular expression that backtracks", () => /^(a+)+$/.test(`${"a".repeat(60)}b`)],
])("ends %s", (_name, work) => {
  expect(watchdog(work, 50)).toEqual({ ok: false, code: "too_slow" });
  expect(watchdog(() => 1, 5_000)).toEqual({ ok: true, value: 1 });
});

it("does work again that had no processor, and gives it more time", () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  let tries = 0;
  // It sleeps, as on a machine whose processors have other work.
  const work = () => {
    tries++;
    if (tries < 3) Atomics.wait(cell, 0, 0, 10_000);
    return "done";
  };
  expect(watchdog(work, 50)).toEqual({ ok: true, value: "done" });
  expect(tries).toBe(3);
});

it("gives up work that never has a processor", () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  expect(watchdog(() => Atomics.wait(cell, 0, 0, 60_000), 50)).toEqual({ ok: false, code: "too_slow" });
});
