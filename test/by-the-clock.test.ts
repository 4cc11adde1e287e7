import { expect, it } from "vitest";
import { byTheClock } from "../src/by-the-clock.js";

it("looks again and again, at once when asked, and never two at a time", async () => {
  let [looks, underWay, most] = [0, 0, 0];
  const clock = byTheClock(
    1,
    async () => {
      looks++;
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 3));
      underWay--;
    },
    { atOnce: true },
  );
  expect(looks).toBe(1);
  await expect.poll(() => looks).toBeGreaterThan(3);
  await clock.stop();
  expect([most, underWay]).toEqual([1, 0]);
  const after = looks;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(looks).toBe(after);
});

it("waits first when it is not asked to look at once", async () => {
  let looks = 0;
  const clock = byTheClock(3_600_000, async () => void looks++);
  await new Promise((resolve) => setImmediate(resolve));
  expect(looks).toBe(0);
  await clock.stop();
});
