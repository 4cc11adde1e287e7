import { expect, it } from "vitest";
import { hopsOf, MAX_HOPS } from "../../../src/api/publish/hops.js";

const hops = (value?: string | string[]) => hopsOf({ headers: value === undefined ? {} : { "sealpost-hops": value } });

it.each<[string | undefined, number]>([
  [undefined, 0],
  ["0", 0],
  ["3", 3],
  ["005", 5],
  [String(MAX_HOPS), MAX_HOPS],
])("%j are %i hops", (value, count) => expect(hops(value)).toBe(count));

it("an event that has come through more often is a loop", () => {
  expect(hops(String(MAX_HOPS + 1))).toMatchObject({ refused: "loop_detected" });
  expect(hops("999")).toMatchObject({ refused: "loop_detected" });
});

it.each([[""], ["-1"], ["1.0"], ["1e1"], ["0x1"], [" 1"], ["1, 1"], ["1000"], [["1", "2"]]])(
  "%j is no number of hops",
  (value) => expect(hops(value)).toMatchObject({ refused: "invalid_request", errors: [{ path: "Sealpost-Hops" }] }),
);
