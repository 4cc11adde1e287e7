import { expect, it } from "vitest";
import { createTurns } from "../../../src/activities/pace/turns.js";

/** A clock that moves while somebody waits. */
function clock(start: number) {
  const side = { time: start, now: () => side.time, wait: async (ms: number) => void (side.time += ms) };
  return side;
}

it("keeps the distance of turns that have passed, and leaves those in time where they are", async () => {
  const side = clock(10_000);
  const turn = createTurns({ distanceMs: 100, now: side.now, wait: side.wait });
  const at = async (id: string, notBefore: number): Promise<number> => turn(id, notBefore).then(() => side.time);
  expect([await at("a", 9_000), await at("a", 9_100), await at("a", 9_200)]).toEqual([10_000, 10_100, 10_200]);
  expect(await at("b", 9_000)).toBe(10_200);
  expect([await at("a", 10_950), await at("a", 11_400), await at("a", 11_450)]).toEqual([10_950, 11_400, 11_500]);
  expect(await at("a", 10 ** 12)).toBe(41_500);
});

it("gives whoever wakes late another turn, or all that waited would go out at once", async () => {
  const turn = createTurns({ distanceMs: 50 });
  const at: number[] = [];
  const all = Promise.all(Array.from({ length: 8 }, () => turn("a", 0).then(() => at.push(Date.now()))));
  // The first one goes at once. Then the process is busy for longer than the others wait.
  await turn("b", 0);
  for (const until = Date.now() + 500; Date.now() < until;);
  await all;
  expect(at).toHaveLength(8);
  for (let index = 1; index < at.length; index++)
    expect((at[index] ?? 0) - (at[index - 1] ?? 0)).toBeGreaterThanOrEqual(index === 1 ? 0 : 1);
  // At most one in each distance but for the one that went before: 7 of them take six distances.
  expect((at.at(-1) ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(5 * 50);
});
