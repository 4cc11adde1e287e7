import { expect, test } from "vitest";
import { isTooLong } from "../../../../web/src/parts/recovery/recovery-window.js";

test("a window is too long above 30 days, up to its end or to now", () => {
  const now = Date.parse("2026-11-28T00:00:00.000Z");
  expect(isTooLong({ since: "2026-10-29T00:00:00.000Z" }, now)).toBe(false);
  expect(isTooLong({ since: "2026-10-28T23:59:59.999Z" }, now)).toBe(true);
  expect(isTooLong({ since: "2026-10-28T00:00:00.000Z", until: "2026-11-01T00:00:00.000Z" }, now)).toBe(false);
  expect(isTooLong({ since: "2026-09-01T00:00:00.000Z", until: "2026-11-01T00:00:00.000Z" }, now)).toBe(true);
});
