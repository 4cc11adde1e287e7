import { afterAll, beforeAll, inject } from "vitest";
import { type RunningWorker, startRunningWorker } from "./running-worker.js";

/** The worker of the file, once `setUpWorker` was called at its top. */
export let worker: RunningWorker;

/** A worker on the shared engines, for all tests of a file. */
export function setUpWorker(): void {
  beforeAll(async () => {
    worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  });
  afterAll(() => worker?.close());
}
