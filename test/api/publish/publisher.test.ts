import { randomBytes } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import type { PayloadCodec } from "@temporalio/common";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Proxy, startProxy } from "../../../bench/chaos/proxy.js";
import { createCatalogue, type Catalogue } from "../../../src/catalogue/catalogue.js";
import { createMetrics } from "../../../src/metrics.js";
import type { AcceptableEvent, Publisher, PublishResult } from "../../../src/api/dependencies.js";
import { createPublisher } from "../../../src/api/publish/publisher.js";
import { connectStore, createPayloadCodec, type MongoStore } from "../../../src/store/index.js";
import type { DeliverEventInput } from "../../../src/workflows/contract.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";

/**
 * What one API process has: a store, a catalogue and a client of its own. No worker: what was started stays to be
 * looked at.
 */
interface Process {
  publisher: Publisher;
  store: MongoStore;
  client: Client;
}
const TYPE = "shop.order.paid";
const taskQueue = `publish-${randomBytes(4).toString("hex")}`;
const workflows = new Set<string>();
const closing: (() => unknown)[] = [];
let database: TestDatabase;
let codec: PayloadCodec;
let one: Process;
let two: Process;

async function startProcess(
  settings: Partial<{ batchMax: number; startsInFlight: number }> = {},
  temporalAddress = inject("temporalAddress"),
  given?: MongoStore,
): Promise<Process> {
  const store = given ?? (await database.openStore());
  const catalogue: Catalogue = await createCatalogue({ store });
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection, dataConverter: { payloadCodecs: [createPayloadCodec(store.keyring)] } });
  closing.push(
    () => catalogue.close(),
    () => connection.close(),
  );
  const log = pino(
    { level: "info" },
    { write: (line: string) => void workflows.add(String((JSON.parse(line) as { workflow?: string }).workflow)) },
  );
  const publisher = createPublisher({
    client,
    store,
    catalogue,
    metrics: createMetrics(),
    log,
    taskQueue,
    settings: { batchMax: 200, startsInFlight: 1, dispatchesInFlight: 3, ...settings },
  });
  return { publisher, store, client };
}

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "publish");
  const store = await database.openStore();
  codec = createPayloadCodec(store.keyring);
  const now = { createdAt: new Date(), updatedAt: new Date() };
  await store.apis.insert({ id: "api_shop", name: "Shop", ...now });
  await store.eventTypes.insert({ name: TYPE, apiId: "api_shop", ...now });
  [one, two] = await Promise.all([startProcess(), startProcess()]);
});
afterAll(async () => {
  await Promise.all(
    [...workflows].map((id) =>
      one.client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => undefined),
    ),
  );
  for (const close of closing) await close();
  await database.close();
});

const newEventId = (): string => `order-${randomBytes(6).toString("hex")}`;
const event = (data: unknown, id?: string): AcceptableEvent => ({
  type: TYPE,
  contentType: "application/json",
  body: Buffer.from(JSON.stringify(data)),
  ...(id !== undefined && { id }),
});
const publish = async (publisher: Publisher, ...events: AcceptableEvent[]): Promise<PublishResult> => {
  const [result] = await publisher.publish(events);
  if (!result) throw new Error("no result");
  return result;
};
/** The input that the workflow was started with, as the engine has it, opened. */
async function inputOf(workflowId: string): Promise<DeliverEventInput> {
  const { events } = await one.client.workflow.getHandle(workflowId).fetchHistory();
  const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const [payload] = await codec.decode(payloads);
  return JSON.parse(Buffer.from(payload?.data ?? []).toString("utf8")) as DeliverEventInput;
}
const ownerOf = async (id: string): Promise<string | undefined> => (await one.store.events.get(id))?.owner;

describe("group commit", () => {
  it("starts a lone event at once, in a workflow with its id", async () => {
    const id = newEventId();
    expect(await publish(one.publisher, event({ total: 1 }, id))).toEqual({ ok: true, id, duplicate: false });
    const input = await inputOf(id);
    expect(input.events).toHaveLength(1);
    expect(input.events[0]).toMatchObject({ id, type: TYPE, body: { text: '{"total":1}' }, recorded: true });

    const made = await publish(one.publisher, event({ total: 2 }));
    expect(made).toMatchObject({ ok: true, duplicate: false, id: expect.stringMatching(/^evt_/) as string });
    expect((await inputOf(made.id ?? "")).events).toMatchObject([{ id: made.id, ownId: true }]);
  });

  it("takes what is published in one turn of the event loop together", async () => {
    const ids = Array.from({ length: 150 }, newEventId);
    const results = await Promise.all(ids.map((id, total) => publish(one.publisher, event({ total }, id))));
    expect(results).toEqual(ids.map((id) => ({ ok: true, id, duplicate: false })));
    const owners = new Set(await Promise.all(ids.map(ownerOf)));
    expect(owners.size).toBe(1);
    const [owner = ""] = owners;
    expect(owner).toMatch(/^batch_/);
    expect((await inputOf(owner)).events.map(({ id }) => id)).toEqual(ids);
  });

  it("cuts at 200 events and at 512 KiB", async () => {
    const many = Array.from({ length: 201 }, newEventId);
    await one.publisher.publish(many.map((id) => event({}, id)));
    expect((await inputOf((await ownerOf(many[0] ?? "")) ?? "")).events).toHaveLength(200);
    expect(await ownerOf(many[200] ?? "")).toBe(many[200]);

    const large = Array.from({ length: 10 }, newEventId);
    await one.publisher.publish(large.map((id) => event("x".repeat(60_000), id)));
    expect((await inputOf((await ownerOf(large[0] ?? "")) ?? "")).events).toHaveLength(8);
  });

  it("gives each event its own workflow with PUBLISH_BATCH_MAX 1", async () => {
    const single = await startProcess({ batchMax: 1, startsInFlight: 4 });
    const ids = Array.from({ length: 12 }, newEventId);
    await single.publisher.publish(ids.map((id) => event({}, id)));
    expect(await Promise.all(ids.map(ownerOf))).toEqual(ids);
    expect((await inputOf(ids[5] ?? "")).events).toHaveLength(1);
  });
});

describe("the id of an event", () => {
  it("makes a second publish a duplicate, and with another body or type a conflict", async () => {
    const id = newEventId();
    await publish(one.publisher, event({ total: 1 }, id));
    for (const { publisher } of [one, two]) {
      expect(await publish(publisher, event({ total: 1 }, id))).toEqual({ ok: true, id, duplicate: true });
      expect(await publish(publisher, event({ total: 2 }, id))).toEqual({ ok: false, id, code: "event_id_conflict" });
      expect(await publish(publisher, { ...event({ total: 1 }, id), type: "shop.order.cancelled" })).toMatchObject({
        ok: false,
        code: "event_id_conflict",
      });
    }
  });

  it("is one event within one call, too", async () => {
    const [same, other] = [newEventId(), newEventId()];
    expect(await one.publisher.publish([event(1, same), event(1, same), event(1, other), event(2, other)])).toEqual([
      { ok: true, id: same, duplicate: false },
      { ok: true, id: same, duplicate: true },
      { ok: true, id: other, duplicate: false },
      { ok: false, id: other, code: "event_id_conflict" },
    ]);
  });

  it("is won by exactly one of two processes, a hundred times at once", async () => {
    const ids = Array.from({ length: 100 }, newEventId);
    const pairs = await Promise.all(
      ids.map((id) =>
        Promise.all([publish(one.publisher, event("same", id)), publish(two.publisher, event("same", id))]),
      ),
    );
    expect(pairs.map((pair) => pair.map((result) => result.ok && result.duplicate).sort())).toEqual(
      ids.map(() => [false, true]),
    );
    // One record each, and the workflow that owns it carries it.
    const owners = await Promise.all(ids.map(ownerOf));
    const carried = await Promise.all(
      [...new Set(owners)].map(
        async (owner) => [owner, new Set((await inputOf(owner ?? "")).events.map(({ id }) => id))] as const,
      ),
    );
    const byOwner = new Map(carried);
    expect(ids.filter((id, index) => byOwner.get(owners[index])?.has(id) !== true)).toEqual([]);
    expect(carried.reduce((sum, [, events]) => sum + events.size, 0)).toBe(100);
  });

  it("is a conflict for exactly one of two processes with different bodies", async () => {
    const ids = Array.from({ length: 100 }, newEventId);
    const pairs = await Promise.all(
      ids.map((id) =>
        Promise.all([publish(one.publisher, event("one", id)), publish(two.publisher, event("two", id))]),
      ),
    );
    for (const [index, pair] of pairs.entries()) {
      const winner = pair.findIndex(({ ok }) => ok);
      expect(pair[winner]).toEqual({ ok: true, id: ids[index], duplicate: false });
      expect(pair[1 - winner]).toEqual({ ok: false, id: ids[index], code: "event_id_conflict" });
      const payload = await one.store.events.payload(ids[index] ?? "");
      expect(Buffer.from(payload ?? []).toString()).toBe(winner === 0 ? '"one"' : '"two"');
    }
  });
});

it("carries payloads above 64 KiB by reference and keeps their bytes", async () => {
  const body = randomBytes(64 * 1024 + 1);
  const result = await publish(one.publisher, { type: TYPE, contentType: "application/octet-stream", body });
  expect(result).toMatchObject({ ok: true, duplicate: false });
  const id = result.id ?? "";
  expect((await inputOf(id)).events[0]?.body).toEqual({ stored: true });
  expect(Buffer.from((await one.store.events.payload(id)) ?? []).equals(body)).toBe(true);

  const fits = await publish(one.publisher, {
    type: TYPE,
    contentType: "application/octet-stream",
    body: body.subarray(1),
  });
  expect((await inputOf(fits.id ?? "")).events[0]?.body).toEqual({ base64: body.subarray(1).toString("base64") });
});

describe("an engine that does not answer", () => {
  let proxy: Proxy;
  let cut: Process;
  beforeAll(async () => {
    proxy = await startProxy(() => inject("temporalAddress"));
    closing.unshift(() => proxy.close());
    cut = await startProcess({}, proxy.address);
  });

  it.each(["holdRequests", "refuse"] as const)(
    "is told within 5 s to those who publish, first and queued ones alike (%s)",
    async (mode) => {
      expect((await publish(cut.publisher, event(1))).ok).toBe(true);
      proxy.set(mode);
      const answers: Promise<{ result: PublishResult; ms: number }>[] = [];
      const send = async (item: AcceptableEvent) => {
        const started = performance.now();
        return { result: await publish(cut.publisher, item), ms: performance.now() - started };
      };
      // The first one takes the only start; the others, with and without an id of their own, wait behind it.
      for (const item of [event("first"), event("second"), event("third", newEventId())]) {
        answers.push(send(item));
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      }
      for (const { result, ms } of await Promise.all(answers)) {
        expect(result).toMatchObject({ ok: false, code: "unavailable", retryAfterSeconds: 5 });
        expect(ms).toBeLessThan(5_000);
      }
      proxy.set("pass");
      await expect.poll(async () => (await publish(cut.publisher, event("after"))).ok, { timeout: 30_000 }).toBe(true);
    },
  );
});

describe("a store that does not answer", () => {
  it("is told within 5 s where a record comes first, and does not stop the others", async () => {
    const proxy = await startProxy(() => new URL(inject("mongodbUrl")).host);
    const store = await connectStore({
      mongodbUrl: `mongodb://${proxy.address}/?directConnection=true`,
      database: database.name,
      masterKeys: database.masterKeys,
    });
    closing.push(
      () => store.close(),
      () => proxy.close(),
    );
    const cut = await startProcess({ startsInFlight: 2 }, inject("temporalAddress"), store);
    await publish(cut.publisher, event("before", newEventId()));
    proxy.set("holdRequests");
    const started = performance.now();
    const [recorded, queued] = [
      publish(cut.publisher, event("first", newEventId())),
      new Promise<void>((resolve) => setTimeout(resolve, 100)).then(() =>
        publish(cut.publisher, event("second", newEventId())),
      ),
    ];
    // Without an id of the publisher's nothing need be recorded first.
    expect(await publish(cut.publisher, event("own"))).toMatchObject({ ok: true, duplicate: false });
    expect(await Promise.all([recorded, queued])).toMatchObject([
      { ok: false, code: "unavailable", retryAfterSeconds: 5 },
      { ok: false, code: "unavailable" },
    ]);
    expect(performance.now() - started).toBeLessThan(5_000);
    proxy.set("pass");
  });
});
