import { randomBytes } from "node:crypto";
import { Client } from "@temporalio/client";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { builtBundle } from "../../support/built-bundle.js";
import { workerIdentity } from "../../../src/workers/process/worker-identity.js";
import { watchWorkerReleases } from "../../../src/workers/watch/worker-releases.js";

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
});
afterAll(() => environment?.teardown());

/** What a process finds that looks now at the workers of this queue. */
async function allAdopt(taskQueue: string): Promise<boolean> {
  const { nativeConnection: connection } = environment;
  const link = { connection, client: new Client({ connection }), dataConverter: {}, namespace: "default" };
  const releases = await watchWorkerReleases(link, { info: () => undefined }, taskQueue);
  releases.stop();
  return releases.allAdopt();
}

it("nothing leaves early while a worker of an earlier release polls", async () => {
  const taskQueue = `releases-${randomBytes(4).toString("hex")}`;
  const workflowBundle = await builtBundle();
  /** What is found while a worker with this identity polls. */
  const whilePolling = async (identity: string, expected: boolean): Promise<void> => {
    const { nativeConnection: connection } = environment;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, identity });
    const running = worker.run();
    try {
      await expect.poll(() => allAdopt(taskQueue)).toBe(expected);
    } finally {
      worker.shutdown();
      await running;
    }
  };
  expect(await allAdopt(taskQueue)).toBe(true);
  await whilePolling(workerIdentity(), true);
  // It counts for as long as the engine remembers it.
  await whilePolling("4711@elsewhere", false);
  expect(await allAdopt(taskQueue)).toBe(false);
});
