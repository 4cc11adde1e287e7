/** A dispatch that the engine gives up while its attempts are under way, and runs again in the same process. */
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { deliverRoutes, type DeliverRoutesDependencies } from "../../src/activities/deliver-routes.js";
import type { Route } from "../../src/activities/first-attempts.js";
import { newId } from "../../src/store/ids.js";
import type { Receiver } from "../support/receiver.js";
import { hangingRoutes } from "./routes-of-run.js";
import { type RunningAttempt, startRunningAttempt } from "./running-attempt.js";

/** Fewer than one endpoint gets at once, so that all are under way together. */
const ROUTES = 20;

let environment: TestWorkflowEnvironment;
let running: RunningAttempt;
let dependencies: DeliverRoutesDependencies;
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  running = await startRunningAttempt({ mongodbUrl: inject("mongodbUrl"), client: environment.client });
  dependencies = {
    ...running.dependencies,
    parkOpenDays: 7,
    unrecorded: new Map(),
    sending: new Map(),
    sharesRetries: () => true,
  };
});
afterAll(async () => {
  await running?.close();
  await environment?.teardown();
});

const hanging = () => hangingRoutes(running, ROUTES);

async function expectDeliveredOnce(receiver: Receiver, routes: readonly Route[]): Promise<void> {
  expect(receiver.requests.map(({ headers }) => String(headers["webhook-id"])).sort()).toEqual(
    routes.map(({ event }) => event.id).sort(),
  );
  const records = await running.store.deliveries.getMany(routes.map(({ deliveryId }) => deliveryId));
  expect(records.size).toBe(ROUTES);
  for (const { status, attemptCount } of records.values()) expect([status, attemptCount]).toEqual(["delivered", 1]);
  expect([dependencies.sending.size, dependencies.unrecorded.size]).toEqual([0, 0]);
}

it("sends nothing twice, because the next run waits for the outcomes of what is under way", async () => {
  const { receiver, routes, answer } = await hanging();
  try {
    const [owner, engine] = [newId("batch"), new AbortController()];
    const givenUp = deliverRoutes(dependencies, { owner, rerun: false, routes, signal: engine.signal });
    const failed = expect(givenUp).rejects.toThrow("given up");
    await receiver.waitFor(ROUTES, 100_000);
    engine.abort(new Error("given up"));
    const again = deliverRoutes(dependencies, { owner, rerun: true, routes });
    answer();
    await failed;
    expect((await again).retries).toEqual([]);
    await expectDeliveredOnce(receiver, routes);
  } finally {
    answer();
    await receiver.close();
  }
});

it("begins nothing once it is given up, and leaves everything to the next run", async () => {
  const { receiver, routes, answer } = await hanging();
  try {
    answer();
    const owner = newId("batch");
    const signal = AbortSignal.abort(new Error("given up"));
    for (const rerun of [false, true])
      await expect(deliverRoutes(dependencies, { owner, rerun, routes, signal })).rejects.toThrow("given up");
    expect(receiver.requests).toEqual([]);
    expect((await deliverRoutes(dependencies, { owner, rerun: true, routes })).retries).toEqual([]);
    await expectDeliveredOnce(receiver, routes);
  } finally {
    await receiver.close();
  }
});
