import { expect, it } from "vitest";
import { createTurns } from "../../src/activities/turns.js";

it("keeps the distance of turns that are late, and leaves those in time where they are", () => {
  let now = 10_000;
  const turn = createTurns({ distanceMs: 100, now: () => now });
  expect([turn("a", 9_000), turn("a", 9_100), turn("a", 9_200)]).toEqual([10_000, 10_100, 10_200]);
  expect(turn("b", 9_000)).toBe(10_000);
  now = 20_000;
  expect([turn("a", 20_050), turn("a", 20_500), turn("a", 20_550)]).toEqual([20_050, 20_500, 20_600]);
  expect(turn("a", 10 ** 12)).toBe(50_000);
});
