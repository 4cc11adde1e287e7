import { TestWorkflowEnvironment } from "@temporalio/testing";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import type { RetryItem } from "../../src/workflows/contract.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type RunningAttempt, startRunningAttempt } from "./running-attempt.js";

let environment: TestWorkflowEnvironment;
export let running: RunningAttempt;
const receivers: Receiver[] = [];

export async function receive(respond: Receiver["respond"] = () => ({ status: 204 })): Promise<Receiver> {
  const receiver = await startReceiver({ respond });
  receivers.push(receiver);
  return receiver;
}
export const statuses = (items: RetryItem[]) => items.map(({ status }) => status);
export const recordOf = ({ deliveryId }: RetryItem) => running.store.deliveries.get(deliveryId);

/**
 * What each of the files needs that begin with `retry-run`: call it once at the top.
 *
 * @param mongodbUrl where the store is, if not at the engine itself
 */
export function setUpRetryRun(mongodbUrl = async () => inject("mongodbUrl")): void {
  beforeAll(async () => {
    environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
    running = await startRunningAttempt({ mongodbUrl: await mongodbUrl(), client: environment.client });
  });
  afterEach(async () => void (await Promise.all(receivers.splice(0).map((receiver) => receiver.close()))));
  afterAll(async () => {
    await running?.close();
    await environment?.teardown();
  });
}
