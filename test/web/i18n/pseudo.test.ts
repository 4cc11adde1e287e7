import { expect, test } from "vitest";
import { pseudoOf } from "../../../web/src/i18n/pseudo.js";

test("each text is accented, longer and in brackets, and what is filled in stays", () => {
  expect(pseudoOf({ act: { close: "Close", count: "{{count}} new" } })).toEqual({
    act: { close: "[Çlósé··]", count: "[{{count}} ñéw·····]" },
  });
  expect(pseudoOf({ long: "x".repeat(42) })).toEqual({ long: `[${"x".repeat(42)}············ ··]` });
});
