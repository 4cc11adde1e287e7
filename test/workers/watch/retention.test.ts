/** What the retention asks of the engine, against a real one and namespaces of the test's own. */
import { randomBytes } from "node:crypto";
import { Client } from "@temporalio/client";
import type proto from "@temporalio/proto";
import { NativeConnection } from "@temporalio/worker";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import { ConfigError } from "../../../src/workers/config.js";
import {
  checkRetention,
  createIdleCheck,
  engineRetentionOf,
  ensureRetentionSchedule,
  refuseShortRetention,
  RETENTION_SCHEDULE,
  watchRetention,
} from "../../../src/workers/watch/retention.js";
import { WORKFLOW } from "../../../src/workflows/contract.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { event, later } from "../../store/fixtures.js";

const DAY_MS = 86_400_000;
const within = { timeout: 60_000, interval: 100 };
const namespace = `keep-${randomBytes(4).toString("hex")}`;
type Long = NonNullable<proto.google.protobuf.IDuration["seconds"]>;
let database: TestDatabase;
let connection: NativeConnection;
let client: Client;

beforeAll(async () => {
  [database, connection] = await Promise.all([
    openDatabase(inject("mongodbUrl"), "watch_retention"),
    NativeConnection.connect({ address: inject("temporalAddress") }),
  ]);
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: (3 * 86_400) as unknown as Long },
  });
  client = new Client({ connection, namespace });
  const known = () =>
    client.workflow.count("ExecutionStatus = 'Running'").then(
      () => true,
      () => false,
    );
  await vi.waitUntil(known, within);
});
afterAll(async () => {
  await connection?.close();
  await database?.close();
});

describe("the setting", () => {
  it("is refused below the retention of the namespace, with what to do", () => {
    const refused = () => refuseShortRetention(2, { engineRetentionMs: 2.5 * DAY_MS, namespace: "sealpost" });
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(
      "EVENT_RETENTION_DAYS is 2, but the Temporal namespace sealpost keeps histories for 3 days: set " +
        "EVENT_RETENTION_DAYS to 3 or more, or shorten the retention of the namespace " +
        "(temporal operator namespace update --namespace sealpost --retention 2d).",
    );
    for (const days of [3, 30, undefined])
      expect(() => refuseShortRetention(days, { engineRetentionMs: 3 * DAY_MS, namespace: "x" })).not.toThrow();
  });

  it("is compared with the namespace as the engine describes it", async () => {
    expect(await engineRetentionOf({ connection, namespace })).toBe(3 * DAY_MS);
    expect(await checkRetention({ connection, namespace }, undefined)).toBe(3 * DAY_MS);
    expect(await checkRetention({ connection, namespace }, 3)).toBe(3 * DAY_MS);
    await expect(checkRetention({ connection, namespace }, 2)).rejects.toThrow(/keeps histories for 3 days/);
    const unknown = { connection, namespace: `${namespace}-unknown` };
    expect(await checkRetention(unknown, undefined)).toBe(0);
    await expect(checkRetention(unknown, 30)).rejects.toThrow(/^EVENT_RETENTION_DAYS needs the retention of/);
  });
});

describe("the schedule", () => {
  it("is made once, starts the workflow without an input, and stays paused when somebody has paused it", async () => {
    await ensureRetentionSchedule({ client });
    const handle = client.schedule.getHandle(RETENTION_SCHEDULE);
    const { action, policies, spec } = await handle.describe();
    expect(action).toMatchObject({ type: "startWorkflow", workflowType: WORKFLOW.retention, taskQueue: "sealpost" });
    expect("args" in action ? (action.args ?? []) : undefined).toEqual([]);
    expect(policies.overlap).toBe("SKIP");
    expect(spec.intervals).toMatchObject([{ every: 3_600_000 }]);
    await handle.pause("an operator looks");
    await ensureRetentionSchedule({ client });
    expect((await handle.describe()).state.paused).toBe(true);
  });

  it("is made by the watch, which shows the age of the oldest event", async () => {
    await client.schedule.getHandle(RETENTION_SCHEDULE).delete();
    const store = await database.openStore();
    const metrics = createMetrics();
    const parts = { store, link: { client }, metrics, log: pino({ level: "silent" }) };
    await store.events.insertMany([event("evt_1", "{}", { acceptedAt: later(0) })]);
    const watch = watchRetention(parts);
    try {
      const described = () =>
        client.schedule
          .getHandle(RETENTION_SCHEDULE)
          .describe()
          .then(({ scheduleId }) => scheduleId, String);
      await expect.poll(described, within).toBe(RETENTION_SCHEDULE);
      await expect
        .poll(() => metrics.registry.metrics(), within)
        .toContain(`sealpost_oldest_event_timestamp_seconds ${later(0).getTime() / 1_000}`);
    } finally {
      watch.stop();
    }
  });
});

describe("a workflow", () => {
  it("is idle once it has ended before the instant, or is not known, and is not announced", async () => {
    const start = (workflowId: string) =>
      client.workflow.start(WORKFLOW.retention, { workflowId, taskQueue: "nobody", args: [] });
    await start("open");
    await (await start("ended")).terminate("for the test");
    await (await start("ended-lately")).terminate("for the test");
    const store = await database.openStore();
    await store.owners.begin("process-1", ["announced"], 1);
    const isIdle = createIdleCheck({ client }, store);
    const asked = new Set(["open", "ended", "unknown", "announced"]);
    const closed = async () => (await client.workflow.getHandle("ended").describe()).status.name;
    await expect.poll(closed, within).toBe("TERMINATED");
    expect(await isIdle(asked, new Date(Date.now() + DAY_MS))).toEqual(new Set(["ended", "unknown"]));
    expect(await isIdle(new Set(["ended-lately"]), new Date(Date.now() - DAY_MS))).toEqual(new Set());
    await client.workflow.getHandle("open").terminate("for the test");
  });
});
