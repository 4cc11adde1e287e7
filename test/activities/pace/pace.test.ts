import { expect, it } from "vitest";
import { pace } from "../../../src/activities/pace/pace.js";
import { createThrottle } from "../../../src/activities/pace/throttle.js";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, inject } from "vitest";
import { Worker } from "@temporalio/worker";
import { randomBytes } from "node:crypto";
import { builtBundle } from "../../support/built-bundle.js";
import { provenConverter } from "../../support/proven.js";

const taskQueue = `pace-${randomBytes(4).toString("hex")}`;
let environment: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    dataConverter: provenConverter,
    workflowBundle: await builtBundle(),
  });
  running = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await running;
  await environment?.teardown();
});

const throttleOf = () => createThrottle({ client: environment.client, log: { warn: () => undefined }, taskQueue });
const id = () => `sub_${randomBytes(6).toString("hex")}`;

it("begins everything at once where there is no limit, each order with its own start", async () => {
  const throttle = throttleOf();
  const { starts, later } = await pace(throttle, { id: id(), updatedAt: new Date() }, ["a", "b"], { maxWaitMs: 0 });
  expect(starts.map(({ order, start }) => [order, start.kind])).toEqual([
    ["a", "start"],
    ["b", "start"],
  ]);
  expect(later).toEqual([]);
  throttle.close();
});

it("asks for nothing where there is nothing to send", async () => {
  expect(
    await pace(throttleOf(), { id: id(), updatedAt: new Date(), rateLimit: { perSecond: 1, burst: 1 } }, [], {
      maxWaitMs: 0,
    }),
  ).toEqual({ starts: [], later: [] });
});

it("gives what is beyond the wait back with its reservation, and each order gets its own again", async () => {
  const throttle = throttleOf();
  const subscription = { id: id(), updatedAt: new Date(), rateLimit: { perSecond: 0.01, burst: 1 } };
  const first = await pace(throttle, subscription, ["a", "b", "c"], { maxWaitMs: 1_000 });
  expect(first.starts.map(({ order }) => order)).toEqual(["a"]);
  expect(first.later.map(({ order, later }) => [order, later.reservation !== undefined])).toEqual([
    ["b", true],
    ["c", true],
  ]);
  const kept = new Map(first.later.map(({ order, later }) => [order, later.reservation]));
  const again = await pace(throttle, subscription, ["c", "b"], {
    maxWaitMs: 1_000,
    reservationOf: (order) => kept.get(order),
  });
  expect(again.starts).toEqual([]);
  expect(new Map(again.later.map(({ order, later }) => [order, later.reservation]))).toEqual(kept);
  throttle.close();
});
