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
