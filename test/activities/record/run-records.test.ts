/** A database that goes away in the middle of a run: little is sent meanwhile, and nothing twice, by any process. */
import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deliverRoutes, type DeliverRoutesDependencies } from "../../../src/activities/deliver-routes.js";
import { createRunLeases } from "../../../src/activities/record/run-lease.js";
import { createWorkPlaces } from "../../../src/activities/places/work-places.js";
import type { Route } from "../../../src/activities/first-attempts.js";
import { createMetrics } from "../../../src/metrics.js";
import { newId } from "../../../src/store/ids.js";
import { readRecords } from "../../../src/store/read-records.js";
import { startReceiver } from "../../support/receiver.js";
import { routesTo } from "../routes-of-run.js";
import type { RunningAttempt } from "../running-attempt.js";
import { type BehindProxy, startBehindProxy } from "./behind-proxy.js";

/** What one endpoint answers in 2 s, as it gets 32 at once and takes 100 ms for each. */
const ROUTES = 600;
const ANSWER_MS = 100;
const until = { timeout: 120_000 };

let behind: BehindProxy;
let running: RunningAttempt;
beforeAll(async () => {
  behind = await startBehindProxy();
  ({ running } = behind);
});
afterAll(() => behind?.close());

const ofAnotherProcess = (metrics = createMetrics()): DeliverRoutesDependencies => ({
  ...running.dependencies,
  leases: createRunLeases({ ...running.dependencies, ...running.store, process: newId("proc") }),
  places: createWorkPlaces({ dispatches: 8, attempts: 1_024, metrics }),
  parkOpenDays: 7,
  unrecorded: new Map(),
  sending: new Map(),
  sharesRetries: () => true,
});

/** In parts, as FerretDB reads one by one. */
const recordsOf = (routes: readonly Route[]) =>
  readRecords({
    ids: routes.map(({ deliveryId }) => deliveryId),
    read: (some) => running.store.deliveries.getMany(some),
    log: running.dependencies.log,
  });

it("sends little while the database is away, and another process sends only the rest", async () => {
  const receiver = await startReceiver({
    respond: async ({ number }) => {
      // From the first answer on nothing reaches the store.
      if (number === 1) behind.proxy.set("holdRequests");
      await delay(ANSWER_MS);
      return { status: 204 };
    },
  });
  const subscription = await running.subscribe(receiver.url);
  const routes = routesTo(running, subscription, ROUTES);
  const owner = newId("batch");
  const metrics = createMetrics();
  const [one, late] = [ofAnotherProcess(metrics), running.dependencies.lateRecords];
  const unrecorded = async (): Promise<number | undefined> =>
    (await metrics.inFlight.get()).values.find(({ labels }) => labels.kind === "unrecorded")?.value;
  let [hasFailed, hasEnded] = [false, false];
  one.lateRecords = { add: (record) => ((hasFailed = true), late.add(record)) };
  const first = deliverRoutes(one, { owner, rerun: false, routes }).finally(() => (hasEnded = true));
  const failed = expect(first).rejects.toMatchObject({ code: "unavailable" });
  await expect.poll(() => hasFailed && one.sending.size === 0, until).toBe(true);
  await setImmediate();
  // The engine may give the next run to another process, which knows only what is on record. So this one stays.
  expect(hasEnded).toBe(false);
  const sent = receiver.requests.length;
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(ROUTES / 2);
  expect(await unrecorded()).toBe(sent);

  behind.proxy.set("refuse");
  behind.proxy.set("pass");
  await failed;
  expect(one.unrecorded.size).toBe(0);
  expect(await unrecorded()).toBe(0);
  expect((await recordsOf(routes)).size).toBe(sent);

  expect((await deliverRoutes(ofAnotherProcess(), { owner, rerun: true, routes })).retries).toEqual([]);
  expect(receiver.requests).toHaveLength(ROUTES);
  const records = await recordsOf(routes);
  expect([...records.values()].filter(({ status }) => status === "delivered")).toHaveLength(ROUTES);
  await receiver.close();
});
