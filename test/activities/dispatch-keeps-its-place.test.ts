/** When a dispatch lets the next one begin: not as long as its attempts wait for this process. */
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { deliverRoutes, type DeliverRoutesDependencies } from "../../src/activities/deliver-routes.js";
import type { Route } from "../../src/activities/first-attempts.js";
import { createEndpointHealth } from "../../src/endpoint/health.js";
import { newId } from "../../src/store/ids.js";
import type { Subscription } from "../../src/store/model.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { routeTo as newRouteTo } from "./routes-of-run.js";
import { type RunningAttempt, startRunningAttempt } from "./running-attempt.js";

const PATIENCE = { timeout: 60_000 };
let environment: TestWorkflowEnvironment;
let running: RunningAttempt;
let receiver: Receiver;
let now = Date.now();
const health = createEndpointHealth({ now: () => now, attended: () => now, readUntil: () => now });
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  running = await startRunningAttempt({ mongodbUrl: inject("mongodbUrl"), client: environment.client });
  receiver = await startReceiver();
});
afterEach(() => held.splice(0).forEach(({ leave }) => leave()));
afterAll(async () => {
  await receiver?.close();
  await running?.close();
  await environment?.teardown();
});

const held: { leave: () => void }[] = [];
/** Somebody else has every request that this endpoint may get at once. */
function fillUp({ id }: Subscription): void {
  for (let place = tryEnter(id); place; place = tryEnter(id)) held.push(place);
}
const tryEnter = (id: string) => running.dependencies.places.attempts.tryEnter(id);

const routeTo = (subscription: Subscription): Route => newRouteTo(running, subscription);
const begin = (routes: Route[]) => {
  const dependencies: DeliverRoutesDependencies = {
    ...running.dependencies,
    health,
    parkOpenDays: 7,
    unrecorded: new Map(),
    sending: new Map(),
    sharesRetries: () => true,
  };
  let lets = 0;
  const ended = deliverRoutes(dependencies, {
    owner: newId("batch"),
    rerun: false,
    routes,
    onPrompt: () => void lets++,
  });
  return { ended, letsOthersBegin: () => lets > 0 };
};
const statusOf = async ({ deliveryId }: Route) => (await running.store.deliveries.get(deliveryId))?.status;

describe("a dispatch whose attempts have to wait", () => {
  it("keeps its place as long as they wait for this process, and records meanwhile what is settled", async () => {
    const busy = await running.subscribe(receiver.url);
    const [waiting, free] = [routeTo(busy), routeTo(await running.subscribe(receiver.url))];
    fillUp(busy);
    const { ended, letsOthersBegin } = begin([waiting, free]);
    // The look at what waits follows the first record.
    await vi.waitFor(async () => expect(await statusOf(free)).toBe("delivered"), PATIENCE);
    await new Promise((resolve) => setImmediate(resolve));
    expect(letsOthersBegin()).toBe(false);
    held.splice(0).forEach(({ leave }) => leave());
    expect(await ended).toEqual({ retries: [] });
    expect(letsOthersBegin()).toBe(true);
    expect(await statusOf(waiting)).toBe("delivered");
  });

  it("lets others begin while they wait for an endpoint that takes its time", async () => {
    const slow = await running.subscribe(receiver.url);
    for (let answers = 0; answers < 8; answers++) {
      const attempt = health.begin(slow.id);
      attempt.left();
      now += 1_000;
      attempt.answered();
      attempt.end("well");
    }
    expect([health.verdict(slow.id), health.isQuick(slow.id)]).toEqual(["prompt", false]);
    const route = routeTo(slow);
    fillUp(slow);
    const { ended, letsOthersBegin } = begin([route]);
    await vi.waitFor(() => expect(letsOthersBegin()).toBe(true), PATIENCE);
    expect(await statusOf(route)).toBeUndefined();
    held.splice(0).forEach(({ leave }) => leave());
    await ended;
    expect(await statusOf(route)).toBe("delivered");
  });
});
