import { expect, test } from "vitest";
import { emptyMarkupOnly } from "../../web/src/trusted-types.js";

test("nothing may become markup, and no text may", () => {
  expect(emptyMarkupOnly("")).toBe("");
  for (const text of ["<b>x</b>", " ", "x"]) expect(emptyMarkupOnly(text)).toBeNull();
});
