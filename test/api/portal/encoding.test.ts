import { expect, test } from "vitest";
import { acceptsBrotli } from "../../../src/api/portal/encoding.js";

test.each<[accepted: string | undefined, brotli: boolean]>([
  ["gzip, deflate, br, zstd", true],
  ["br", true],
  ["br;q=0.1, gzip", true],
  ["br;q=0, gzip", false],
  ["gzip", false],
  ["*", false],
  ["brotli", false],
  ["", false],
  [undefined, false],
])("of %s: %s", (accepted, brotli) => {
  expect(acceptsBrotli({ headers: accepted === undefined ? {} : { "accept-encoding": accepted } })).toBe(brotli);
});
