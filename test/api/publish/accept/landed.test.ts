/** A write that was given up may land later. Nothing is decided about it before. */
import { expect, it } from "vitest";
import { untilLanded } from "../../../../src/api/publish/accept/landed.js";
import { LANDED_MS } from "../../../../src/api/publish/accept/ownership.js";

it("counts from the first answer after a silence", async () => {
  const asked: number[] = [];
  const landed = await untilLanded(() => {
    asked.push(performance.now());
    return asked.length === 3 ? Promise.reject(new Error("silent")) : Promise.resolve();
  });
  expect(landed).toBe(true);
  // The fourth question is the first of those that were answered in a row.
  expect((asked.at(-1) ?? 0) - (asked[3] ?? 0)).toBeGreaterThanOrEqual(LANDED_MS - 100);
}, 60_000);

it("ends when it is told to", async () => {
  const stopping = new AbortController();
  const landing = untilLanded(() => Promise.resolve(), stopping.signal);
  stopping.abort();
  expect(await landing).toBe(false);
});
