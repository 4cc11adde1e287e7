import { describe, expect, it } from "vitest";
import { badMoments, type Repeat } from "./bad-moments.js";

const crashes = [
  { what: "worker", from: 1_000, until: 1_100 },
  { what: "mongodb", from: 5_000, until: 6_000 },
];
const repeat = (first: number, again: number): Repeat => ({ first: { at: first }, again: { at: again } });

describe("badMoments", () => {
  it("counts repeats for the first crash that ends after the first arrival, the worst crash first", () => {
    const repeats = [repeat(950, 1_400), repeat(4_900, 7_000), repeat(4_800, 8_000)];
    expect(badMoments(repeats, crashes)).toEqual([
      { what: "mongodb", nth: 2, repeats: 2, before: [100, 200], after: [2_000, 3_000], down: 1_000 },
      { what: "worker", nth: 1, repeats: 1, before: [50, 50], after: [400, 400], down: 100 },
    ]);
  });

  it("leaves out a repeat with no crash in between, and names as many as it is asked for", () => {
    expect(badMoments([repeat(2_000, 3_000)], crashes)).toEqual([]);
    expect(badMoments([repeat(950, 1_400), repeat(4_900, 7_000)], crashes, 1)).toHaveLength(1);
  });
});
