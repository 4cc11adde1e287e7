/** Day keys against a real store and namespaces of the test's own. Only the clocks are handed in. */
import { randomBytes } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import type { DataConverter } from "@temporalio/common";
import proto from "@temporalio/proto";
import { NativeConnection, Worker } from "@temporalio/worker";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import { type DayKeysDependencies, destroyExpiredDayKeys } from "../../../src/workers/watch/day-keys.js";
import { createPayloadCodec, type MongoStore } from "../../../src/store/index.js";
import { MAX_RUN_DAYS, type RetryItem } from "../../../src/workflows/contract.js";
import { builtBundle } from "../../support/built-bundle.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { coded } from "../../store/fixtures.js";
import { consumer, retryInput } from "../../workflows/engine.js";

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 3;
const within = { timeout: 40_000, interval: 100 };
const address = inject("temporalAddress");
let database: TestDatabase;
let connection: NativeConnection;
let bundle: Awaited<ReturnType<typeof builtBundle>>;
beforeAll(async () => {
  [database, connection, bundle] = await Promise.all([
    openDatabase(inject("mongodbUrl"), "days"),
    NativeConnection.connect({ address }),
    builtBundle(),
  ]);
});
afterAll(async () => {
  await connection?.close();
  await database?.close();
});

/** A namespace that keeps closed histories for three days. */
async function namespaceOfOwn(): Promise<string> {
  const namespace = `days-${randomBytes(4).toString("hex")}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: (RETENTION_DAYS * 86_400) as unknown as Long },
  });
  const client = new Client({ connection, namespace });
  await expect
    .poll(
      () =>
        client.workflow.count("ExecutionStatus = 'Running'").then(
          () => true,
          () => false,
        ),
      within,
    )
    .toBe(true);
  return namespace;
}
type Long = NonNullable<proto.google.protobuf.IDuration["seconds"]>;

function dependencies(store: MongoStore, namespace: string, now: () => number) {
  const lines: string[] = [];
  const metrics = createMetrics();
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  return {
    lines,
    metrics,
    store,
    log,
    now,
    link: { connection, namespace, client: new Client({ connection, namespace }) },
  };
}
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
/** The first instant at which the key of the day is due. */
const dueAt = (day: string): number => Date.parse(day) + (1 + MAX_RUN_DAYS + 3 + RETENTION_DAYS) * DAY_MS + 1;

describe("day keys", () => {
  it(
    "go when their histories have expired by the namespace's retention, not a moment before, " + "once, and on record",
    async () => {
      const store = await database.openStore();
      const namespace = await namespaceOfOwn();
      const [old, young] = ["2026-01-01", "2026-01-02"];
      const seal = async (day: string) =>
        createPayloadCodec(store.keyring, { now: () => Date.parse(day) }).encode([
          { metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from(`"kingfisher ${day}"`) },
        ]);
      const [before, after] = [await seal(old), await seal(young)];
      let time = dueAt(old) - 1;
      const deps = dependencies(store, namespace, () => time);
      expect(await destroyExpiredDayKeys(deps)).toEqual({ destroyed: [], heldBack: [] });
      time += 1;
      // Two processes at once.
      const other = dependencies(await database.openStore(), namespace, () => time);
      const both = await Promise.all([destroyExpiredDayKeys(deps), destroyExpiredDayKeys(other)]);
      expect([...new Set(both.flatMap(({ destroyed }) => destroyed))]).toEqual([old]);
      expect(await destroyExpiredDayKeys(deps)).toEqual({ destroyed: [], heldBack: [] });
      for (const each of [store, await database.openStore()]) {
        const codec = createPayloadCodec(each.keyring);
        await expect(codec.decode(before)).rejects.toThrow(coded("key_destroyed"));
        expect(Buffer.from((await codec.decode(after))[0]?.data ?? []).toString()).toContain(young);
      }
      // By one of the two, or by both.
      const acts = (await store.audit.list({ limit: 10 })).data.filter(({ action }) => action !== "audit.begin");
      expect(acts.map(({ action }) => action)).toContain("day_key.destroy");
      // Who came second began the act as well, and it is completed with what it found.
      for (const act of acts)
        expect(act).toMatchObject({
          actor: "service",
          action: expect.stringMatching(/^(day_key\.destroy|act\.(begin|complete))$/) as unknown,
          subject: `temporal/${old}`,
        });
      expect(deps.lines.concat(other.lines).some((line) => line.includes("have expired"))).toBe(true);
    },
  );

  it("are kept, and it is said, while a run of then is in the engine, and while the namespace archives", async () => {
    const store = await database.openStore();
    const namespace = await namespaceOfOwn();
    const today = dayOf(Date.now());
    await store.keyring.scope("temporal/2026-01-03");
    await store.keyring.scope(`temporal/${today}`);
    const deps = dependencies(store, namespace, () => dueAt(today));
    const handle = await deps.link.client.workflow.start("retryDelivery", {
      workflowId: "accepted-and-never-run",
      taskQueue: "nobody",
      args: [retryInput(1)],
    });
    await expect
      .poll(() => deps.link.client.workflow.count("WorkflowType = 'retryDelivery'").then(({ count }) => count), within)
      .toBe(1);
    // What is older than any run goes. The run is younger than that day.
    expect(await destroyExpiredDayKeys(deps)).toEqual({
      destroyed: ["2026-01-02", "2026-01-03"],
      heldBack: [today],
      why: "old runs",
    });
    // A closed run is kept by the engine until its retention ends: its history may still be read.
    await handle.terminate();
    await expect
      .poll(() => deps.link.client.workflow.count("ExecutionStatus = 'Terminated'").then(({ count }) => count), within)
      .toBe(1);
    expect(await destroyExpiredDayKeys(deps)).toMatchObject({ destroyed: [], why: "old runs" });
    expect(await deps.metrics.registry.getSingleMetricAsString("sealpost_day_keys_held_back")).toMatch(
      /sealpost_day_keys_held_back [1-9]/,
    );
    expect(deps.lines.at(-1)).toContain("still in the engine");

    await store.keyring.scope("temporal/2026-01-04");
    // The test engine cannot archive. Its answer with the one field changed is what an engine that archives would say.
    const archiving = {
      workflowService: {
        describeNamespace: async (request: object) => {
          const answer = await connection.workflowService.describeNamespace(request);
          return {
            ...answer,
            config: {
              ...answer.config,
              historyArchivalState: proto.temporal.api.enums.v1.ArchivalState.ARCHIVAL_STATE_ENABLED,
            },
          };
        },
      },
    } as unknown as DayKeysDependencies["link"]["connection"];
    expect(await destroyExpiredDayKeys({ ...deps, link: { ...deps.link, connection: archiving } })).toMatchObject({
      destroyed: [],
      why: "archival",
    });
    expect(await store.keyring.livingDays()).toContain("2026-01-04");
    // Of this name there is no namespace: nothing is known, so nothing is destroyed.
    await expect(destroyExpiredDayKeys({ ...deps, link: { ...deps.link, namespace: "no-such" } })).rejects.toThrow();
  });

  it("of the first run of a workflow may go while the workflow lives on in a later run", async () => {
    const store = await database.openStore();
    let clock = Date.UTC(2026, 1, 1, 12);
    const dataConverter: DataConverter = { payloadCodecs: [createPayloadCodec(store.keyring, { now: () => clock })] };
    const client = new Client({ connection, dataConverter });
    const plain = new Client({ connection: await Connection.connect({ address }) });
    const taskQueue = `days-${randomBytes(4).toString("hex")}`;
    const side = consumer((_item, attempt) =>
      attempt === 1 ? { status: "parked", reason: "kingfisher" } : { status: "delivered" },
    );
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowBundle: bundle,
      activities: side.activities,
      dataConverter,
      maxCachedWorkflows: 0,
    });
    const running = worker.run();
    try {
      const handle = await client.workflow.start("retryDelivery", {
        workflowId: `days/${taskQueue}`,
        taskQueue,
        args: [{ ...retryInput(1), maxRunMs: 3_000 }],
      });
      await expect
        .poll(() => handle.query<RetryItem[]>("state").then((items) => items.map(({ status }) => status)), within)
        .toEqual(["parked"]);
      // The run of now began on the old day. It may be a later one on a busy machine. The next run begins on the new
      // day.
      const { runId } = await handle.describe();
      clock += 20 * DAY_MS;
      await expect.poll(() => handle.describe().then((now) => now.runId), within).not.toBe(runId);
      await store.keyring.destroy("temporal/2026-02-01");
      expect((await handle.query<RetryItem[]>("state")).map(({ status }) => status)).toEqual(["parked"]);
      // Every payload of the run that lives now is under the key of a later day.
      const keysOf = async (run: string | undefined) =>
        new Set(
          JSON.stringify(
            await plain.workflow
              .getHandle(handle.workflowId, run)
              .fetchHistory()
              .then(({ events }) =>
                (events ?? []).map(
                  (event) => proto.temporal.api.history.v1.HistoryEvent.fromObject(event).toJSON() as object,
                ),
              ),
          )
            .match(/"encryption-key-id":"[^"]+"/g)
            ?.map((found) => Buffer.from(found.slice(21, -1), "base64").toString()),
        );
      expect([...(await keysOf(undefined))]).toEqual(["temporal/2026-02-21#1"]);
      expect([...(await keysOf(runId))]).toContain("temporal/2026-02-01#1");
      await handle.signal("retry");
      await handle.result();
      expect(side.calls).toHaveLength(2);
      // The input of the first run is gone, for everybody.
      const { events } = await plain.workflow.getHandle(handle.workflowId, runId).fetchHistory();
      const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      expect(input).toHaveLength(1);
      for (const each of [store, await database.openStore()])
        await expect(createPayloadCodec(each.keyring).decode(input as never)).rejects.toThrow(coded("key_destroyed"));
    } finally {
      worker.shutdown();
      await running;
      await plain.connection.close();
    }
  });
});
