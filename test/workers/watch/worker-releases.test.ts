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

/** What a process finds that looks now at the workers of this queue: early attempts, shared retries. */
async function allKnow(taskQueue: string): Promise<[boolean, boolean]> {
  const { nativeConnection: connection } = environment;
  const link = { connection, client: new Client({ connection }), dataConverter: {}, namespace: "default" };
  const releases = await watchWorkerReleases(link, { info: () => undefined }, taskQueue);
  releases.stop();
  return [releases.allAdopt(), releases.allShare()];
}

it("nothing is done that a worker of an earlier release does not know, while such a one polls", async () => {
  const taskQueue = `releases-${randomBytes(4).toString("hex")}`;
  const workflowBundle = await builtBundle();
  /** What is found while a worker with this identity polls. */
  const whilePolling = async (identity: string, expected: [boolean, boolean]): Promise<void> => {
    const { nativeConnection: connection } = environment;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, identity });
    const running = worker.run();
    try {
      await expect.poll(() => allKnow(taskQueue)).toEqual(expected);
    } finally {
      worker.shutdown();
      await running;
    }
  };
  expect(await allKnow(taskQueue)).toEqual([true, true]);
  await whilePolling(workerIdentity(), [true, true]);
  // It counts for as long as the engine remembers it.
  await whilePolling("4710@elsewhere sealpost-protocol-2", [true, false]);
  await whilePolling("4711@elsewhere", [false, false]);
  expect(await allKnow(taskQueue)).toEqual([false, false]);
});
