/**
 * Who reaches Temporal, with whatever it starts there, has nothing signed and sent without the proof of a publisher.
 */
import { randomBytes } from "node:crypto";
import { Client, type WorkflowFailedError } from "@temporalio/client";
import { defaultPayloadConverter, type Payload } from "@temporalio/common";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { newId } from "../../src/store/ids.js";
import { deliverEventStart, publishedEvent, remoteDataConverter } from "../../src/client/index.js";
import { retryWorkflowId, TASK_QUEUE, WORKFLOW } from "../../src/workflows/contract.js";
import { type RunningApi, startApi } from "../api/running-api.js";
import type { Receiver } from "../support/receiver.js";
import { type RunningWorker, startRunningWorker } from "../activities/running-worker.js";

let worker: RunningWorker;
let api: RunningApi;
let receiver: Receiver;
let eventType: string;
let subscriptionId: string;
let providerKey: { id: string; token: string };
const until = { timeout: 40_000, interval: 50 };

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

const plain = (value: unknown, metadata: Record<string, string> = {}): Payload => {
  const payload = defaultPayloadConverter.toPayload(value);
  return {
    ...payload,
    metadata: {
      ...payload?.metadata,
      ...Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)])),
    },
  };
};
const codecOf = (apiKey: string) => remoteDataConverter({ codecUrl: `${api.url}/codec`, apiKey });
async function sealedBy(apiKey: string, payload: Payload): Promise<Payload> {
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
async function begin(type: string, payload: Payload, workflowId = newId("evt")) {
  const { firstExecutionRunId } = await stranger(payload).workflow.start(type, {
    args: [null],
    workflowId,
    taskQueue: worker.taskQueue,
  });
  return worker.client.workflow.getHandle(workflowId, firstExecutionRunId);
}
const failureOf = async (handle: { result(): Promise<unknown> }): Promise<unknown> => {
  const error: unknown = await handle.result().then(
    () => "it completed",
    (failure: unknown) => failure,
  );
  return (error as WorkflowFailedError).cause ?? error;
};
const UNPROVEN = { type: "publisher_unproven", nonRetryable: true };
const eventInput = (over: object = {}) => ({
  events: [{ ...publishedEvent({ type: eventType, data: { n: 1 } }), ...over }],
});

async function refused(payload: Payload, type: string = WORKFLOW.deliverEvent, workflowId?: string): Promise<void> {
  const [sent, recorded] = [receiver.requests.length, worker.refusals.length];
  expect(await failureOf(await begin(type, payload, workflowId))).toMatchObject(UNPROVEN);
  expect(receiver.requests).toHaveLength(sent);
  expect(worker.refusals.length).toBeGreaterThan(recorded);
}
const inputOf = async (workflowId: string): Promise<Payload> => {
  const { events } = await worker.client.workflow.getHandle(workflowId).fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) throw new Error(`${workflowId} has no input`);
  return payload;
};

describe("a start that proves nobody", () => {
  it("is refused as plain JSON, for every workflow", async () => {
    const retry = {
      subscriptionId,
      groupId: worker.groupId,
      parkOpenDays: 7,
      items: [{ deliveryId: "a.b", eventId: "a", eventType, status: "pending", attempts: 0, scheduleBase: 0 }],
    };
    await refused(plain(eventInput()));
    expect(worker.refusals.at(-1)).toEqual({ workflowType: "deliverEvent", purpose: "none" });
    await refused(plain(retry), WORKFLOW.retryDelivery);
    await refused(
      plain({ owner: "x", events: [], subscriptionIds: [subscriptionId], catalogueVersion: 0 }),
      WORKFLOW.deliverPage,
    );
    await refused(plain({ recoveryId: newId("rec"), filter: {}, parkOpenDays: 7 }), WORKFLOW.recovery);
    await refused(
      plain({ subscriptionId, rate: { perSecond: 1e6, burst: 1e6 }, rateAsOf: Date.now() }),
      WORKFLOW.tokenBucket,
    );
  });

  it("is refused with metadata that claims a proof, plain or sealed by somebody else", async () => {
    const operator = await api.key({ role: "operator" });
    for (const proof of [
      { purpose: "internal" },
      { purpose: "legacy" },
      { purpose: "publisher", keyId: providerKey.id },
    ]) {
      const claims = {
        "sealpost-proof": JSON.stringify(proof),
        "sealpost-packed": "1",
        "Sealpost-Proof": JSON.stringify(proof),
      };
      await refused(plain(eventInput(), claims));
      await refused(plain({ proof, events: eventInput().events }, claims));
      await refused(await sealedBy(operator.token, plain(eventInput(), claims)));
    }
  });

  it("is refused when its envelope was tampered with, cut or of another place", async () => {
    const sealed = await sealedBy(providerKey.token, plain(eventInput()));
    const data = Buffer.from(sealed.data ?? []);
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    await refused({ ...sealed, data });
    await refused({ ...sealed, data: data.subarray(0, 40) });
    await refused({ metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from("{not json") });
  });

  it(
    "is refused in an operator's envelope, as a restart in the Temporal UI makes it, and again " + "when it is reset",
    async () => {
      const operator = await api.key({ role: "operator" });
      const id = newId("evt");
      await refused(await sealedBy(operator.token, plain(eventInput({ id }))), WORKFLOW.deliverEvent, id);
      expect(worker.refusals.at(-1)).toEqual({
        workflowType: "deliverEvent",
        purpose: "operator",
        by: `key:${operator.id}`,
      });
      const sent = receiver.requests.length;
      const { runId } = await reset(id);
      expect(await failureOf(worker.client.workflow.getHandle(id, runId))).toMatchObject(UNPROVEN);
      expect(receiver.requests).toHaveLength(sent);
      // The admin of the environment has no key that could be revoked, so it seals as a person.
      await refused(await sealedBy(api.adminKey, plain(eventInput())));
    },
  );
});

async function reset(workflowId: string): Promise<{ runId: string }> {
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

describe("a publisher's own client", () => {
  async function start(token: string, ...events: Parameters<typeof deliverEventStart>) {
    const { workflow, options } = deliverEventStart(...events);
    await new Client({ connection: worker.client.connection, dataConverter: codecOf(token) }).workflow.start(workflow, {
      ...options,
      taskQueue: worker.taskQueue,
    });
    return worker.client.workflow.getHandle(options.workflowId);
  }

  it("has its event signed and sent", async () => {
    expect(deliverEventStart({ type: eventType, data: 1 }).options.taskQueue).toBe(TASK_QUEUE);
    const id = `order-${randomBytes(6).toString("hex")}`;
    await (await start(providerKey.token, { id, type: eventType, data: { total: 12 } })).result();
    const [request] = receiver.requests.filter(({ headers }) => headers["webhook-id"] === id);
    expect(request?.body.toString()).toBe('{"total":12}');
    expect(request?.headers["webhook-signature"]).toMatch(/^v1,/);
    expect(await worker.store.events.get(id)).toMatchObject({ owner: id, type: eventType });
    // Reset from the Temporal UI: what was delivered is adopted and not sent again.
    const { runId } = await reset(id);
    await worker.client.workflow.getHandle(id, runId).result();
    expect(receiver.requests.filter(({ headers }) => headers["webhook-id"] === id)).toHaveLength(1);
  });

  it("publishes nothing outside its apis, then and now", async () => {
    const sealedThen = await sealedBy(providerKey.token, plain(eventInput()));
    const other = await api.key({
      role: "provider",
      apiIds: [
        String(
          (await api.call("POST", "/v1/apis", { body: { name: `other-${randomBytes(3).toString("hex")}` } })).body[
            "id"
          ],
        ),
      ],
    });
    await refused(await sealedBy(other.token, plain(eventInput())));
    expect(worker.refusals.at(-1)).toEqual({
      workflowType: "deliverEvent",
      purpose: "publisher",
      by: `key:${other.id}`,
    });
    // Widened since it sealed: what it sealed is not.
    const narrow = await sealedBy(other.token, plain(eventInput()));
    await api.store.apiKeys.update(other.id, ({ apiIds: _all, ...key }) => key);
    await refused(narrow);
    // And narrowed since.
    await api.store.apiKeys.update(providerKey.id, (key) => ({ ...key, apiIds: ["api_other"] }));
    await refused(sealedThen);
    await api.store.apiKeys.update(providerKey.id, (key) => ({ ...key, apiIds: [worker.apiId] }));
    // The service's own type, and one that does not exist.
    const all = await api.key({ role: "provider" });
    await refused(await sealedBy(all.token, plain(eventInput({ type: "sealpost.test" }))));
    await refused(await sealedBy(all.token, plain(eventInput({ type: "no.such.type" }))));
  });

  it("publishes nothing once its key is revoked, has ended, or may not publish", async () => {
    const revoked = await api.key({ role: "provider", apiIds: [worker.apiId] });
    const sealed = await sealedBy(revoked.token, plain(eventInput()));
    expect((await api.call("DELETE", `/v1/api-keys/${revoked.id}`)).status).toBe(204);
    await refused(sealed);
    const ended = await api.key({ role: "provider", apiIds: [worker.apiId] });
    const sealedBefore = await sealedBy(ended.token, plain(eventInput()));
    await api.store.apiKeys.update(ended.id, (key) => ({ ...key, expiresAt: new Date(Date.now() - 1) }));
    await refused(sealedBefore);
    const signalling = await api.key({ role: "provider", apiIds: [worker.apiId], scopes: ["codec:encode"] });
    await refused(await sealedBy(signalling.token, plain(eventInput())));
  });

  it("waits while the store does not answer: whether the key is live is our own question", async () => {
    const id = newId("evt");
    worker.proxy.set("refuse");
    const handle = await begin(WORKFLOW.deliverEvent, await sealedBy(providerKey.token, plain(eventInput({ id }))), id);
    expect(
      await Promise.race([
        handle.result().catch(() => "failed"),
        new Promise((resume) => setTimeout(resume, 2_000, "open")),
      ]),
    ).toBe("open");
    worker.proxy.set("pass");
    await handle.result();
    expect(receiver.requests.filter(({ headers }) => headers["webhook-id"] === id)).toHaveLength(1);
  });

  it("cannot say what only our own API may say", async () => {
    const theirs = await worker.publish(eventType, { secret: "of another provider" });
    await expect
      .poll(async () => (await worker.store.deliveries.get(`${theirs}.${subscriptionId}`))?.status, until)
      .toBe("delivered");
    // Somebody else's event is not sent again, whatever is claimed of it.
    const before = receiver.requests.filter(({ headers }) => headers["webhook-id"] === theirs).length;
    for (const claim of [
      { recorded: true },
      { ownId: true },
      { recorded: true, ownId: true, acceptedAt: Date.now() + 1e9 },
    ]) {
      await (
        await begin(
          WORKFLOW.deliverEvent,
          await sealedBy(
            providerKey.token,
            plain({
              ...eventInput({ id: theirs, ...claim }),
              catalogueVersion: 1e15,
              publisher: { purpose: "publisher", keyId: "x" },
            }),
          ),
        )
      ).result();
    }
    expect(receiver.requests.filter(({ headers }) => headers["webhook-id"] === theirs)).toHaveLength(before);
    // By reference it would send what the record of another's event holds.
    const stored = await failureOf(
      await begin(
        WORKFLOW.deliverEvent,
        await sealedBy(providerKey.token, plain(eventInput({ id: theirs, body: { stored: true } }))),
      ),
    );
    expect(stored).toMatchObject({ type: "input_invalid" });
    // Subscriptions are not for a publisher to choose, and the hash is ours.
    const id = newId("evt");
    await (
      await begin(
        WORKFLOW.deliverEvent,
        await sealedBy(providerKey.token, plain(eventInput({ id, subscriptionIds: ["sub_none"], sha256: "forged" }))),
      )
    ).result();
    expect(receiver.requests.filter(({ headers }) => headers["webhook-id"] === id)).toHaveLength(1);
    expect((await worker.store.events.get(id))?.sha256).toMatch(/^[\w-]{43}$/);
    for (const wrong of [
      { id: "a b" },
      { contentType: "text/plain\r\nx: y" },
      { body: {} },
      { body: { text: 1 } },
      { groups: "all" },
      { acceptedAt: "now" },
      { type: 5 },
    ]) {
      expect(
        await failureOf(
          await begin(WORKFLOW.deliverEvent, await sealedBy(providerKey.token, plain(eventInput(wrong)))),
        ),
        JSON.stringify(wrong),
      ).toMatchObject({ type: "input_invalid" });
    }
  });

  it("starts deliverEvent and nothing else", async () => {
    const retry = { subscriptionId, groupId: worker.groupId, parkOpenDays: 7, items: [] };
    for (const [type, input] of Object.entries({
      [WORKFLOW.retryDelivery]: retry,
      [WORKFLOW.deliverPage]: { owner: "x", events: [], subscriptionIds: [], catalogueVersion: 0 },
      [WORKFLOW.recovery]: { recoveryId: "rec_1", filter: {}, parkOpenDays: 7 },
      [WORKFLOW.tokenBucket]: { subscriptionId, rate: { perSecond: 1, burst: 1 }, rateAsOf: 1 },
    })) {
      await refused(await sealedBy(providerKey.token, plain(input)), type);
    }
  });
});

describe("an envelope copied out of a history", () => {
  it("starts no other workflow, of the same type or another", async () => {
    const parking = await worker.receive({ respond: () => ({ status: 400 }) });
    const {
      eventType: type,
      subscriptions: [subscription],
    } = await worker.subscribe([parking.url]);
    const id = await worker.publish(type, { n: 1 });
    const retryId = retryWorkflowId(
      String(worker.log.find(({ event }) => event === id)?.["workflow"]),
      subscription?.id ?? "",
    );
    await expect
      .poll(async () => (await worker.store.deliveries.get(`${id}.${subscription?.id}`))?.status, until)
      .toBe("parked");
    await expect
      .poll(
        () =>
          inputOf(retryId).then(
            () => true,
            () => false,
          ),
        until,
      )
      .toBe(true);
    const [event, retry] = [await inputOf(id), await inputOf(retryId)];
    await refused(event);
    await refused(retry, WORKFLOW.retryDelivery);
    for (const other of [WORKFLOW.retryDelivery, WORKFLOW.deliverPage, WORKFLOW.recovery, WORKFLOW.tokenBucket])
      await refused(event, other);
    for (const other of [WORKFLOW.deliverEvent, WORKFLOW.recovery, WORKFLOW.tokenBucket]) await refused(retry, other);
    expect(parking.requests).toHaveLength(1);
    await worker.client.workflow.getHandle(retryId).signal("cancel");
  });

  it("sends nothing twice where it starts the very same workflow again", async () => {
    const id = newId("evt");
    const [sealed] = await worker.codec.encode(
      [plain(eventInput({ id, ownId: true, acceptedAt: Date.now() - 11_000 }))],
      { type: "workflow", namespace: "default", workflowId: id },
    );
    if (!sealed) throw new Error("nothing was sealed");
    await (await begin(WORKFLOW.deliverEvent, sealed, id)).result();
    await (await begin(WORKFLOW.deliverEvent, sealed, id)).result();
    expect(receiver.requests.filter(({ headers }) => headers["webhook-id"] === id)).toHaveLength(1);
  });
});
