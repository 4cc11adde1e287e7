import { randomBytes } from "node:crypto";
import { WorkflowFailedError } from "@temporalio/client";
import { describe, expect, it } from "vitest";
import { newId } from "../../src/store/ids.js";
import { publishedEvent } from "../../src/client/index.js";
import { type DeliverEventInput, WORKFLOW } from "../../src/workflows/contract.js";
import { setUpWorker, worker } from "./running-worker-setup.js";

setUpWorker();

const until = { timeout: 100_000, interval: 50 };
const statusOf = async (eventId: string, subscriptionId = ""): Promise<string | undefined> =>
  (await worker.store.deliveries.get(`${eventId}.${subscriptionId}`))?.status;
/** As a provider's own client does it. */
const start = (workflowId: string, ...events: DeliverEventInput["events"]) =>
  worker.client.workflow.start(WORKFLOW.deliverEvent, { args: [{ events }], workflowId, taskQueue: worker.taskQueue });

describe("dispatch", () => {
  it("cuts a fan-out above 1,000 deliveries into pages, and every endpoint gets every event once", async () => {
    const receiver = await worker.receive();
    const { eventType, subscriptions } = await worker.subscribe(
      Array.from({ length: 30 }, (_, index) => receiver.url.replace("/hook", `/${index}`)),
    );
    const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => worker.publish(eventType, { n })));
    await receiver.waitFor(1_200, 100_000);
    const workflow = await worker.ownerOf(ids[0] ?? "");
    await Promise.all([0, 1].map((page) => worker.client.workflow.getHandle(`page/${workflow}/${page}`).result()));
    const perPath = new Map<string, string[]>();
    for (const { path, headers } of receiver.requests)
      perPath.set(path, [...(perPath.get(path) ?? []), String(headers["webhook-id"])]);
    expect(perPath.size).toBe(30);
    for (const got of perPath.values()) expect(got.sort()).toEqual([...ids].sort());
    // A few at a time, and each until it is delivered: 1,200 reads at once are a load of their own.
    let open = ids.flatMap((id) => subscriptions.map((subscription) => `${id}.${subscription.id}`));
    const undelivered = async (): Promise<number> => {
      const some = open.slice(0, 100);
      const records = await worker.store.deliveries.getMany(some);
      const done = new Set(some.filter((id) => records.get(id)?.status === "delivered"));
      open = open.filter((id) => !done.has(id));
      return open.length;
    };
    await expect.poll(undelivered, { timeout: 100_000 }).toBe(0);
  });

  it("checks what a provider's own client starts, and fails it whole before anything is recorded or sent", async () => {
    const receiver = await worker.receive();
    const { eventType } = await worker.subscribe([receiver.url]);
    await worker.store.eventTypes.update(eventType, (type) => ({
      ...type,
      validation: "enforce",
      schema: { type: "object", properties: { total: { type: "number" } } },
    }));
    await worker.catalogue.refresh();
    const [good, bad] = [{ total: 1 }, { total: "secret-value" }].map((data) =>
      publishedEvent({ type: eventType, data }),
    );
    if (!good || !bad) throw new Error("no events");
    const failure: unknown = await (await start(newId("batch"), good, bad)).result().catch((error: unknown) => error);
    expect((failure as WorkflowFailedError).cause).toMatchObject({
      type: "payload_invalid",
      nonRetryable: true,
      message: expect.stringMatching(/#\/properties\/total\/type must be number/) as string,
    });
    expect(String((failure as WorkflowFailedError).cause?.message)).not.toContain("secret-value");
    expect(await worker.store.events.getMany([good.id, bad.id])).toEqual(new Map());
    expect(receiver.requests).toHaveLength(0);
    await (await start(good.id, good)).result();
    await receiver.waitFor(1);
  });

  it("does not check again what the API accepted, whatever the schema is by then", async () => {
    const receiver = await worker.receive();
    const { eventType } = await worker.subscribe([receiver.url]);
    await worker.store.eventTypes.update(eventType, (type) => ({
      ...type,
      validation: "enforce",
      schema: { type: "string" },
    }));
    await worker.catalogue.refresh();
    await worker.publish(eventType, { n: 1 });
    await worker.publish(eventType, { n: 2 }, newId("evt"));
    await receiver.waitFor(2);
  });

  it("fails in plain words for a type that does not exist, and knows one that was made a moment ago", async () => {
    const handle = await start(newId("evt"), publishedEvent({ type: "no.such.type", data: {} }));
    const failure: unknown = await handle.result().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect((failure as WorkflowFailedError).cause).toMatchObject({
      type: "event_type_unknown",
      message: expect.stringMatching(/no\.such\.type does not exist: create it/) as string,
    });

    const now = { createdAt: new Date(), updatedAt: new Date() };
    const name = `worker.fresh${randomBytes(4).toString("hex")}.made`;
    const before = worker.catalogue.version;
    await worker.store.eventTypes.insert({ name, apiId: worker.apiId, ...now });
    const fresh = await start(newId("evt"), publishedEvent({ id: name.replaceAll(".", "-"), type: name, data: {} }));
    await fresh.result();
    expect(worker.catalogue.version).toBeGreaterThan(before);
    expect(await worker.store.events.get(name.replaceAll(".", "-"))).toMatchObject({ type: name });
  });

  it("drops an event that another workflow owns, and never sends its bytes in a retry of the owner", async () => {
    let status = 503;
    const receiver = await worker.receive({ respond: () => ({ status }) });
    const {
      eventType,
      subscriptions: [subscription],
    } = await worker.subscribe([receiver.url], { retry: { scheduleSeconds: [3_600] } });
    const mine = publishedEvent({ id: newId("order"), type: eventType, data: "mine" });
    const foreign = { ...publishedEvent({ id: mine.id, type: eventType, data: "foreign" }) };
    // The record is the owner's, who is served by another process: this one has never seen the bytes.
    await worker.store.events.insertMany([
      {
        record: {
          id: mine.id,
          type: eventType,
          apiId: worker.apiId,
          contentType: mine.contentType,
          sha256: mine.sha256,
          size: 6,
          acceptedAt: new Date(),
          owner: "elsewhere",
        },
        payload: Buffer.from('"mine"'),
      },
    ]);
    await (await start(newId("batch"), foreign)).result();
    expect(receiver.requests).toHaveLength(0);
    status = 204;
    const item = {
      deliveryId: `${mine.id}.${subscription?.id}`,
      eventId: mine.id,
      eventType,
      status: "pending" as const,
      attempts: 0,
      scheduleBase: 0,
    };
    await worker.store.deliveries.insertMany([
      {
        id: item.deliveryId,
        eventId: mine.id,
        subscriptionId: subscription?.id ?? "",
        groupId: worker.groupId,
        eventType,
        status: "pending",
        createdAt: new Date(),
        updatedAt: new Date(),
        attemptCount: 0,
        attempts: [],
      },
    ]);
    await worker.client.workflow.execute(WORKFLOW.retryDelivery, {
      args: [{ subscriptionId: subscription?.id, groupId: worker.groupId, items: [item], parkOpenDays: 7 }],
      workflowId: newId("retry"),
      taskQueue: worker.taskQueue,
    });
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['"mine"']);
  });
});

describe("an event whose accepting process died", () => {
  const lost = async (eventType: string, id: string, payload: string) => {
    const { sha256, contentType } = publishedEvent({
      id,
      type: eventType,
      body: Buffer.from(payload),
      contentType: "application/json",
    });
    await worker.store.events.insertMany([
      {
        record: {
          id,
          type: eventType,
          apiId: worker.apiId,
          contentType,
          sha256,
          size: payload.length,
          acceptedAt: new Date(Date.now() - 60_000),
          owner: newId("batch"),
        },
        payload: Buffer.from(payload),
      },
    ]);
  };

  it("is taken over by the next publish of its id and delivered", async () => {
    const receiver = await worker.receive();
    const {
      eventType,
      subscriptions: [subscription],
    } = await worker.subscribe([receiver.url]);
    const id = newId("order");
    await lost(eventType, id, '"late"');
    const results = await worker.publisher.publish([
      { id, type: eventType, contentType: "application/json", body: Buffer.from('"late"') },
    ]);
    expect(results).toEqual([{ ok: true, id, duplicate: true }]);
    await expect.poll(() => statusOf(id, subscription?.id), until).toBe("delivered");
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['"late"']);
    expect((await worker.store.events.get(id))?.owner).toMatch(/^again_/);
  });

  it("is not sent again when its owner delivered it before its history expired", async () => {
    const receiver = await worker.receive();
    const {
      eventType,
      subscriptions: [subscription],
    } = await worker.subscribe([receiver.url]);
    const id = newId("order");
    await lost(eventType, id, '"old"');
    const settled = {
      id: `${id}.${subscription?.id}`,
      eventId: id,
      subscriptionId: subscription?.id ?? "",
      groupId: worker.groupId,
      eventType,
      createdAt: new Date(),
      updatedAt: new Date(),
      attemptCount: 1,
      attempts: [],
    };
    await worker.store.deliveries.insertMany([{ ...settled, status: "delivered" }]);
    await worker.publish(eventType, "old", id);
    const owner = (await worker.store.events.get(id))?.owner ?? "";
    expect(owner).toMatch(/^again_/);
    await worker.client.workflow.getHandle(owner).result();
    expect(receiver.requests).toHaveLength(0);
  });

  it("sends nothing twice when the outcomes could not be recorded, what was under way included", async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const slow = await worker.receive({
      respond: async () => {
        await answered;
        return { status: 204 };
      },
    });
    const prompt = await worker.receive();
    const { eventType, subscriptions } = await worker.subscribe([
      slow.url,
      ...Array.from({ length: 5 }, () => prompt.url),
    ]);
    const other = await worker.subscribe([(await worker.receive()).url]);
    prompt.respond = ({ number }) => {
      // From the first answer on nothing reaches the store.
      if (number === 1) worker.proxy.set("holdRequests");
      return { status: 204 };
    };
    const id = await worker.publish(eventType, { n: 2 });
    await Promise.all([slow.waitFor(1), prompt.waitFor(5)]);
    // More than the catalogue's questions: the five records. Their connection breaks, and the store is away until
    // others have given up too.
    await expect.poll(() => worker.proxy.held(), until).toBeGreaterThan(2_000);
    worker.proxy.set("refuse");
    await expect(worker.catalogue.refresh()).rejects.toMatchObject({ code: "unavailable" });
    worker.proxy.set("pass");
    const later = await worker.publish(other.eventType, {});
    await expect.poll(() => statusOf(later, other.subscriptions[0]?.id), until).toBe("delivered");
    answer();
    for (const { id: subscriptionId } of subscriptions)
      await expect.poll(() => statusOf(id, subscriptionId), until).toBe("delivered");
    expect([slow.requests.length, prompt.requests.length]).toEqual([1, 5]);
  });
});
