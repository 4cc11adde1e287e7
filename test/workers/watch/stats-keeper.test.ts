import pino from "pino";
import { expect, test } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import type { Scope } from "../../../src/store/stats/tiers.js";
import { keepStats } from "../../../src/workers/watch/stats-keeper.js";

test("every subscription and api is summed up, and a store that is away is asked again", async () => {
  const asked: (readonly Scope[])[] = [];
  const metrics = createMetrics();
  const keeper = keepStats({
    store: {
      stats: {
        rollUp: (scopes) => {
          asked.push(scopes);
          return asked.length === 1 ? Promise.reject(new Error("away")) : Promise.resolve(new Date());
        },
      },
    },
    catalogue: { apis: () => [], subscriptions: () => [] },
    metrics,
    log: pino({ level: "silent" }),
    everyMs: 20,
  });
  await expect.poll(() => asked.length, { timeout: 60_000 }).toBeGreaterThan(1);
  await keeper.stop();
  expect(asked[0]).toEqual(["api/-"]);
  const { values } = await metrics.ownFailures.get();
  expect(values.find(({ labels }) => labels.part === "stats")?.value).toBe(1);
});
