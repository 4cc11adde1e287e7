/** A database that goes away in the middle of a run of retries. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, inject, it } from "vitest";
import { type Proxy, startProxy } from "../../../bench/chaos/proxy.js";
import { receive, running, setUpRetryRun, statuses } from "../retry-run-setup.js";

/** A run has ten requests under way, and each takes 200 ms. So without a bound it sends 100 in 2 s. */
const ITEMS = 100;
const ANSWER_MS = 200;
const until = { timeout: 120_000 };

let proxy: Proxy;
// Vitest calls the last one first, so the proxy closes at the end.
afterAll(() => proxy?.close());
setUpRetryRun(async () => {
  proxy = await startProxy(() => new URL(inject("mongodbUrl")).host);
  return `mongodb://${proxy.address}/?directConnection=true`;
});

it("ends once what it sent is on record, and has sent little more meanwhile", async () => {
  const receiver = await receive(async ({ number }) => {
    // From the first answer on nothing reaches the store.
    if (number === 1) proxy.set("holdRequests");
    await delay(ANSWER_MS);
    return { status: 204 };
  });
  const subscription = await running.subscribe(receiver.url);
  const items = await running.pending(subscription, ITEMS);
  const { unrecordedRetries, lateRecords: late } = running.dependencies;
  let hasFailed = false;
  running.dependencies.lateRecords = { ...late, add: (record) => ((hasFailed = true), late.add(record)) };
  const failed = expect(running.attempt(subscription, items)).rejects.toMatchObject({ code: "unavailable" });
  await expect.poll(() => hasFailed && unrecordedRetries.size === receiver.requests.length, until).toBe(true);
  const sent = receiver.requests.length;
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan((ITEMS * 3) / 4);

  proxy.set("refuse");
  proxy.set("pass");
  // Another worker may get the next run, and knows only what is on record.
  await failed;
  expect(unrecordedRetries.size).toBe(0);
  const records = await running.store.deliveries.getMany(items.map(({ deliveryId }) => deliveryId));
  const delivered = [...records.values()].filter(({ status }) => status === "delivered");
  expect(delivered.map(({ attemptCount }) => attemptCount)).toEqual(Array.from({ length: sent }, () => 1));

  const again = await running.attempt(subscription, items, { number: 2 });
  expect(new Set(statuses(again))).toEqual(new Set(["delivered"]));
  expect(receiver.requests).toHaveLength(ITEMS);
});
