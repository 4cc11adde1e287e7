/** Two processes that run the same dispatch at once, as after the engine took it from a worker that was starved. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDeliver } from "../../../src/activities/attempt.js";
import { deliverRoutes, type DeliverRoutesDependencies } from "../../../src/activities/deliver-routes.js";
import type { Route } from "../../../src/activities/first-attempts.js";
import { createWorkPlaces } from "../../../src/activities/places/work-places.js";
import { createRunLeases, type RunLeases } from "../../../src/activities/record/run-lease.js";
import { createEndpointHealth } from "../../../src/endpoint/health.js";
import { createEndpointRequest } from "../../../src/endpoint/request.js";
import { createSender } from "../../../src/endpoint/send.js";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { createMetrics } from "../../../src/metrics.js";
import { newId } from "../../../src/store/ids.js";
import { hangingRoutes } from "../routes-of-run.js";
import type { RunningAttempt } from "../running-attempt.js";
import { type BehindProxy, startBehindProxy } from "./behind-proxy.js";

const until = { timeout: 120_000 };
/** What one endpoint gets at once. */
const WIDTH = 32;

let behind: BehindProxy;
let running: RunningAttempt;
beforeAll(async () => {
  behind = await startBehindProxy();
  ({ running } = behind);
});
afterAll(() => behind?.close());

/** Leases that are held, as the database has said. */
const leased = new Set<string>();
/** They take their lease at once. */
const leasesOf = (process: string, isGone = (_process: string): boolean => false): RunLeases =>
  createRunLeases({
    log: running.dependencies.log,
    process,
    isGone,
    fromMs: 0,
    runLeases: {
      ...running.store.runLeases,
      async take(run, holder, has) {
        const taken = await running.store.runLeases.take(run, holder, has);
        if (taken) leased.add(run);
        return taken;
      },
    },
  });

/** Another process, which shares nothing but the database with the first one. */
function newProcess(isGone?: (process: string) => boolean) {
  const [name, health, metrics] = [newId("proc"), createEndpointHealth(), createMetrics()];
  const { log } = running.dependencies;
  const sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
  const leases = leasesOf(name, isGone);
  let lost = false;
  const dependencies: DeliverRoutesDependencies = {
    ...running.dependencies,
    leases: {
      enter: (run, options) =>
        leases.enter(run, {
          ...options,
          onLost: () => {
            lost = true;
            options.onLost();
          },
        }),
    },
    health,
    deliver: createDeliver({ request: createEndpointRequest({ sender, version: "0.0.0-test" }), health, metrics, log }),
    places: createWorkPlaces({ dispatches: 8, attempts: 1_024, metrics }),
    parkOpenDays: 7,
    unrecorded: new Map(),
    sending: new Map(),
    sharesRetries: () => true,
  };
  return { name, dependencies, hasLost: () => lost };
}

const hanging = (count: number) => hangingRoutes(running, count);

/** Whether another process gets the lease of the run. It gives it back. */
async function isFree(run: string): Promise<boolean> {
  const asking = newId("proc");
  const free = await running.store.runLeases.take(run, asking);
  if (free) await running.store.runLeases.leave(run, asking);
  return free;
}

const deliveredOf = async (routes: readonly Route[]): Promise<number> => {
  const records = await running.store.deliveries.getMany(routes.map(({ deliveryId }) => deliveryId));
  return [...records.values()].filter(({ status }) => status === "delivered").length;
};

describe("a run that lasts", () => {
  it("keeps the run of another process from sending, until it has ended", async () => {
    const { receiver, routes, answer } = await hanging(WIDTH);
    const [owner, one, two] = [newId("batch"), newProcess(), newProcess()];
    try {
      const first = deliverRoutes(one.dependencies, { owner, rerun: false, routes });
      await receiver.waitFor(WIDTH, until.timeout);
      await expect.poll(() => leased.has(owner), until).toBe(true);
      await expect(deliverRoutes(two.dependencies, { owner, rerun: true, routes })).rejects.toMatchObject({
        type: "run_under_way",
        nonRetryable: false,
      });
      answer();
      expect(await first).toEqual({ retries: [] });
      expect(await isFree(owner)).toBe(true);
      expect(await deliverRoutes(two.dependencies, { owner, rerun: true, routes })).toEqual({ retries: [] });
      expect(receiver.requests).toHaveLength(WIDTH);
      expect(await deliveredOf(routes)).toBe(WIDTH);
    } finally {
      answer();
      await receiver.close();
    }
  });

  it("begins nothing more once another process has taken it over", async () => {
    const { receiver, routes, answer } = await hanging(WIDTH + 8);
    const [owner, one] = [newId("batch"), newProcess()];
    const two = newProcess((process) => process === one.name);
    try {
      const first = deliverRoutes(one.dependencies, { owner, rerun: false, routes });
      const failed = expect(first).rejects.toMatchObject({ type: "run_under_way" });
      await receiver.waitFor(WIDTH, until.timeout);
      await expect.poll(() => leased.has(owner), until).toBe(true);
      const second = deliverRoutes(two.dependencies, { owner, rerun: true, routes });
      await receiver.waitFor(2 * WIDTH, until.timeout);
      await expect.poll(one.hasLost, until).toBe(true);
      answer();
      await failed;
      // The endpoint was slow meanwhile, so the second process may leave the rest to retries.
      const left = (await second).handOver?.items.length ?? 0;
      // What was under way came twice. Of the rest each came once, by the second process.
      expect(receiver.requests).toHaveLength(2 * WIDTH + 8 - left);
      expect(await deliveredOf(routes)).toBe(routes.length - left);
    } finally {
      answer();
      await receiver.close();
    }
  });
});

describe("a lease", () => {
  it("of one process serves all its runs of a workflow, and goes with the last one", async () => {
    const [run, leases] = [newId("batch"), leasesOf(newId("proc"))];
    const onLost = (): void => undefined;
    const first = await leases.enter(run, { rerun: true, onLost });
    const second = await leases.enter(run, { rerun: true, onLost });
    await first.leave();
    expect(await isFree(run)).toBe(false);
    expect(await second.mayBegin()).toBe(true);
    await second.leave();
    expect(await isFree(run)).toBe(true);
  });

  it("is waited for while the database does not answer, and a run that was given up waits no longer", async () => {
    const [run, leases, givenUp] = [newId("batch"), leasesOf(newId("proc")), new AbortController()];
    const onLost = (): void => undefined;
    behind.proxy.set("refuse");
    try {
      const entered = leases.enter(run, { rerun: true, onLost });
      const other = leases.enter(newId("batch"), { rerun: true, onLost, signal: givenUp.signal });
      const failed = expect(other).rejects.toThrow("given up");
      const first = await leases.enter(newId("batch"), { rerun: false, onLost });
      await expect.poll(() => first.mayBegin(), until).toBe(false);
      givenUp.abort(new Error("given up"));
      await failed;
      behind.proxy.set("pass");
      const lease = await entered;
      expect(await lease.mayBegin()).toBe(true);
      await expect.poll(() => first.mayBegin(), until).toBe(true);
      await Promise.all([lease.leave(), first.leave()]);
    } finally {
      behind.proxy.set("pass");
    }
  });
});
