import { randomBytes } from "node:crypto";
import { Client } from "@temporalio/client";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { loadBundle } from "../../../src/workers/bundle.js";
import { createReadiness } from "../../../src/workers/process/readiness.js";
import type { TemporalLink } from "../../../src/workers/temporal.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";

let environment: TestWorkflowEnvironment;
let database: TestDatabase;
let link: TemporalLink;
const within = { timeout: 20_000 };
const linkTo = ({ nativeConnection: connection }: TestWorkflowEnvironment): TemporalLink => ({
  connection,
  client: new Client({ connection }),
  dataConverter: {},
  namespace: "default",
});
const newQueue = (): string => `ready-${randomBytes(4).toString("hex")}`;
const open = () => TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });

beforeAll(async () => {
  [environment, database] = await Promise.all([open(), openDatabase(inject("mongodbUrl"), "ready")]);
  link = linkTo(environment);
});
afterAll(async () => {
  await database?.close();
  await environment?.teardown();
});

it(
  "is ready while the store, the engine and the worker of this process are there, and names a " + "worker that is not",
  async () => {
    const store = await database.openStore();
    for (const [state, answer] of [
      ["RUNNING", { degraded: [] }],
      ["DRAINING", { missing: "the worker is draining", degraded: [] }],
      ["FAILED", { missing: "the worker is failed", degraded: [] }],
    ] as const) {
      expect(await createReadiness({ store, link, workerState: () => state })()).toEqual(answer);
    }
  },
);

it("needs somebody who polls where this process has no worker", async () => {
  const taskQueue = newQueue();
  const store = await database.openStore();
  expect(await createReadiness({ store, link, taskQueue })()).toEqual({ degraded: ["workers"] });
  const worker = await Worker.create({ connection: link.connection, taskQueue, workflowBundle: await loadBundle() });
  const running = worker.run();
  try {
    // Each asks anew: an answer is kept for a second.
    await expect.poll(() => createReadiness({ store, link, taskQueue })(), within).toEqual({ degraded: [] });
  } finally {
    worker.shutdown();
    await running;
  }
});

it("goes on without the engine until no more events can be kept, and stops without the store", async () => {
  const store = await database.openStore();
  const gone = await open();
  const lost = linkTo(gone);
  await gone.teardown();
  const running = { store, link: lost, workerState: () => "RUNNING" };
  const told: unknown[] = [];
  expect(await createReadiness({ ...running, onChecked: (degraded) => told.push(degraded) })()).toEqual({
    degraded: ["temporal"],
  });
  expect(told).toEqual([["temporal"]]);
  expect(await createReadiness({ store, link: lost, taskQueue: newQueue() })()).toEqual({ degraded: ["temporal"] });
  expect(await createReadiness({ ...running, hasRoom: () => false })()).toEqual({
    missing: "Temporal does not answer, and no more accepted events can be kept (PUBLISH_BACKLOG_MAX)",
    degraded: ["temporal"],
  });
  await store.close();
  expect(await createReadiness(running)()).toEqual({ missing: "MongoDB does not acknowledge writes", degraded: [] });
});

it("checks once for all who ask within a second, and then again", async () => {
  const store = await database.openStore();
  let asked = 0;
  const ready = createReadiness({ store, link, workerState: () => (asked++ < 2 ? "RUNNING" : "STOPPED") });
  expect(await Promise.all([ready(), ready(), ready()])).toEqual([
    { degraded: [] },
    { degraded: [] },
    { degraded: [] },
  ]);
  // Twice in one check: whether it runs, and what it says.
  await expect.poll(ready, within).toEqual({ missing: "the worker is stopped", degraded: [] });
});
