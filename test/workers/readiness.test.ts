import { randomBytes } from "node:crypto";
import { Client } from "@temporalio/client";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { loadBundle } from "../../src/workers/bundle.js";
import { createReadiness } from "../../src/workers/readiness.js";
import type { TemporalLink } from "../../src/workers/temporal.js";
import { openDatabase, type TestDatabase } from "../store/database.js";

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
      ["RUNNING", undefined],
      ["DRAINING", "the worker is draining"],
      ["FAILED", "the worker is failed"],
    ] as const) {
      expect(await createReadiness({ store, link, workerState: () => state })()).toBe(answer);
    }
  },
);

it("needs somebody who polls where this process has no worker", async () => {
  const taskQueue = newQueue();
  const store = await database.openStore();
  expect(await createReadiness({ store, link, taskQueue })()).toBe("no worker polls Temporal");
  const worker = await Worker.create({ connection: link.connection, taskQueue, workflowBundle: await loadBundle() });
  const running = worker.run();
  try {
    // Each asks anew: an answer is kept for a second.
    await expect.poll(() => createReadiness({ store, link, taskQueue })(), within).toBeUndefined();
  } finally {
    worker.shutdown();
    await running;
  }
});

it("names the store first, and the engine when it does not answer", async () => {
  const store = await database.openStore();
  const gone = await open();
  const lost = linkTo(gone);
  await gone.teardown();
  expect(await createReadiness({ store, link: lost, workerState: () => "RUNNING" })()).toBe("Temporal does not answer");
  expect(await createReadiness({ store, link: lost, taskQueue: newQueue() })()).toBe("Temporal does not answer");
  await store.close();
  expect(await createReadiness({ store, link: lost, workerState: () => "RUNNING" })()).toBe(
    "MongoDB does not acknowledge writes",
  );
});

it("checks once for all who ask within a second, and then again", async () => {
  const store = await database.openStore();
  let asked = 0;
  const ready = createReadiness({ store, link, workerState: () => (asked++ < 2 ? "RUNNING" : "STOPPED") });
  expect(await Promise.all([ready(), ready(), ready()])).toEqual([undefined, undefined, undefined]);
  // Twice in one check: whether it runs, and what it says.
  await expect.poll(ready, within).toBe("the worker is stopped");
});
