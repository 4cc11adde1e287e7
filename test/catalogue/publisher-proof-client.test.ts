import { randomBytes } from "node:crypto";
import { Client } from "@temporalio/client";
import { describe, expect, it } from "vitest";
import { newId } from "../../src/store/ids.js";
import { deliverEventStart } from "../../src/client/index.js";
import { TASK_QUEUE, WORKFLOW } from "../../src/workflows/contract.js";
import {
  worker,
  api,
  receiver,
  eventType,
  subscriptionId,
  providerKey,
  until,
  plain,
  codecOf,
  sealedBy,
  begin,
  failureOf,
  eventInput,
  refused,
  reset,
  setUpPublisherProof,
} from "./publisher-proof-setup.js";

setUpPublisherProof();

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
