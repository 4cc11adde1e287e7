import { randomBytes } from "node:crypto";
import { Client, type WorkflowFailedError } from "@temporalio/client";
import { defaultPayloadConverter, type Payload } from "@temporalio/common";
import { afterAll, beforeAll, expect, inject } from "vitest";
import { newId } from "../../src/store/ids.js";
import { publishedEvent, remoteDataConverter } from "../../src/client/index.js";
import { WORKFLOW } from "../../src/workflows/contract.js";
import { type RunningApi, startApi } from "../api/running-api.js";
import type { Receiver } from "../support/receiver.js";
import { type RunningWorker, startRunningWorker } from "../activities/running-worker.js";

export let worker: RunningWorker;
export let api: RunningApi;
export let receiver: Receiver;
export let eventType: string;
export let subscriptionId: string;
export let providerKey: { id: string; token: string };
export const until = { timeout: 40_000, interval: 50 };

export const plain = (value: unknown, metadata: Record<string, string> = {}): Payload => {
  const payload = defaultPayloadConverter.toPayload(value);
  return {
    ...payload,
    metadata: {
      ...payload?.metadata,
      ...Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)])),
    },
  };
};
export const codecOf = (apiKey: string) => remoteDataConverter({ codecUrl: `${api.url}/codec`, apiKey });
export async function sealedBy(apiKey: string, payload: Payload): Promise<Payload> {
  const [sealed] = (await codecOf(apiKey).payloadCodecs?.[0]?.encode([payload])) ?? [];
  if (!sealed) throw new Error("nothing was sealed");
  return sealed;
}
/** A client of Temporal's whose one argument is exactly this payload. */
const stranger = (...payloads: Payload[]) =>
  new Client({
    connection: worker.client.connection,
    dataConverter: {
      payloadCodecs: [
        { encode: async (given) => (payloads.length > 0 ? payloads : given), decode: async (given) => given },
      ],
    },
  });
/** What became of it is sealed: the worker's own client reads it. */
export async function begin(type: string, payload: Payload, workflowId = newId("evt")) {
  const { firstExecutionRunId } = await stranger(payload).workflow.start(type, {
    args: [null],
    workflowId,
    taskQueue: worker.taskQueue,
  });
  return worker.client.workflow.getHandle(workflowId, firstExecutionRunId);
}
export const failureOf = async (handle: { result(): Promise<unknown> }): Promise<unknown> => {
  const error: unknown = await handle.result().then(
    () => "it completed",
    (failure: unknown) => failure,
  );
  return (error as WorkflowFailedError).cause ?? error;
};
export const UNPROVEN = { type: "publisher_unproven", nonRetryable: true };
export const eventInput = (over: object = {}) => ({
  events: [{ ...publishedEvent({ type: eventType, data: { n: 1 } }), ...over }],
});

export async function refused(
  payload: Payload,
  type: string = WORKFLOW.deliverEvent,
  workflowId?: string,
): Promise<void> {
  const [sent, recorded] = [receiver.requests.length, worker.refusals.length];
  expect(await failureOf(await begin(type, payload, workflowId))).toMatchObject(UNPROVEN);
  expect(receiver.requests).toHaveLength(sent);
  expect(worker.refusals.length).toBeGreaterThan(recorded);
}

export async function reset(workflowId: string): Promise<{ runId: string }> {
  const { runId } = await worker.client.workflow.getHandle(workflowId).describe();
  const { events } = await worker.client.workflow.getHandle(workflowId).fetchHistory();
  const workflowTaskFinishEventId = events?.find(
    ({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes,
  )?.eventId;
  if (!workflowTaskFinishEventId) throw new Error(`${workflowId} has done nothing yet`);
  const order = {
    namespace: "default",
    workflowExecution: { workflowId, runId },
    reason: "test",
    workflowTaskFinishEventId,
    requestId: randomBytes(8).toString("hex"),
  };
  const again: Promise<{ runId: string }> = worker.client.workflowService.resetWorkflowExecution(order);
  return again;
}

/** What each of the files needs that begin with `publisher-proof`: call it once at the top. */
export function setUpPublisherProof(): void {
  beforeAll(async () => {
    const engines = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
    worker = await startRunningWorker(engines);
    api = await startApi({ ...engines, beside: worker });
    receiver = await worker.receive();
    const subscribed = await worker.subscribe([receiver.url]);
    eventType = subscribed.eventType;
    subscriptionId = subscribed.subscriptions[0]?.id ?? "";
    providerKey = await api.key({ role: "provider", apiIds: [worker.apiId] });
  });
  afterAll(async () => {
    await api?.close();
    await worker?.close();
  });
}
