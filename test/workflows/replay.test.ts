/**
 * Recorded histories must replay with today's workflow code: a change that would break workflows under way fails here.
 * SEALPOST_RECORD_HISTORIES=1 records them anew. Keep the old files while workflows of that code may still run.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { type WorkflowHandle } from "@temporalio/client";
import { temporal } from "@temporalio/proto";
import { Worker } from "@temporalio/worker";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleCode } from "../../src/workers/bundle.js";
import type { RetryItem } from "../../src/workflows/contract.js";
import { provenConverter } from "../support/proven.js";
import { searchAttributesOf } from "../../src/workflows/search-attributes.js";
import { consumer, retryInput, testEngine } from "./engine.js";
import { whileCancelling } from "./late-signals.js";
import { outageOfEndpoint } from "./outage.js";

const DIRECTORY = fileURLToPath(new URL("../histories/", import.meta.url));
const within = { timeout: 30_000, interval: 50 };
let code: string;
beforeAll(async () => void (code = await bundleCode()));

const files = (): string[] =>
  readdirSync(DIRECTORY)
    .filter((name) => name.endsWith(".json"))
    .sort();
/**
 * In protobufjs' own JSON form: the SDK's reader needs a single protobufjs in the tree, which a second major version
 * prevents.
 */
const historyOf = (file: string) =>
  temporal.api.history.v1.History.fromObject(JSON.parse(readFileSync(`${DIRECTORY}${file}`, "utf8")) as object);

/** What replaying every file came to. Undefined stands for no difference. */
const replay = async (bundle: string): Promise<Map<string, Error | undefined>> =>
  new Map([...(await replayed(bundle, true)), ...(await replayed(bundle, false))]);

/** A breaker heeds only what is proven to be our own. The others began when nothing was proven. */
async function replayed(bundle: string, proven: boolean): Promise<Map<string, Error | undefined>> {
  const results = new Map<string, Error | undefined>();
  const names = files().filter((file) => file.startsWith("breaker.") === proven);
  // Ids of children are made from the workflow's own, so it replays under the id it was recorded with.
  const histories = names
    .map(historyOf)
    .map((history) => ({
      workflowId: history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? "",
      history,
    }));
  for await (const { error } of Worker.runReplayHistories(
    { workflowBundle: { code: bundle }, ...(proven && { dataConverter: provenConverter }) },
    histories,
  ))
    results.set(names[results.size] ?? "", error);
  return results;
}

describe.skipIf(process.env["SEALPOST_RECORD_HISTORIES"])("recorded histories", () => {
  it("are there for every workflow", () => {
    const all = ["deliverEvent", "deliverPage", "retryDelivery", "tokenBucket", "recovery", "breaker", "retention"];
    for (const workflow of all) {
      expect(
        files().some((file) => file.startsWith(`${workflow}.`)),
        workflow,
      ).toBe(true);
    }
  });

  it("replay without a difference", async () => {
    for (const [file, error] of await replay(code)) expect(error, file).toBeUndefined();
  });

  it("are told from those of changed code", async () => {
    // One timer more at the start of some: exactly what must not go unnoticed.
    const sleeping = code.replaceAll(
      /async function (?:retryDelivery|tokenBucket|breaker)\(input\) \{/g,
      "$& await new Promise((resume) => setTimeout(resume, 1));",
    );
    expect(sleeping).not.toBe(code);
    const results = await replay(sleeping);
    const noticed = [...results].filter(([, error]) => error).map(([file]) => file.split(".")[0]);
    expect([...new Set(noticed)]).toEqual(["breaker", "retryDelivery", "tokenBucket"]);
  });
});

describe.runIf(process.env["SEALPOST_RECORD_HISTORIES"])("recording", () => {
  it("writes a history of each workflow", async () => {
    mkdirSync(DIRECTORY, { recursive: true });
    const engine = await testEngine();
    const save = async (name: string, handle: WorkflowHandle): Promise<void> => {
      const history: unknown = temporal.api.history.v1.History.fromObject(await handle.fetchHistory()).toJSON();
      // The place of recording is nobody's business, and no file should change because of it.
      const text = JSON.stringify(
        history,
        (_key, value: unknown) => (typeof value === "string" && value.includes(hostname()) ? "recorded" : value),
        1,
      );
      writeFileSync(`${DIRECTORY}${name}.json`, `${text}\n`);
    };
    const start = (type: string, workflowId: string, input: unknown, attributes = {}) =>
      engine.client.workflow.start(type, {
        workflowId: `${workflowId}-${randomBytes(4).toString("hex")}`,
        taskQueue: engine.taskQueue,
        args: [input],
        ...attributes,
      });
    const side = consumer((item, attempt) =>
      attempt === 1
        ? { status: "retrying", dueAt: Date.now() + 500 }
        : attempt === 2 && item.deliveryId.includes("_1.")
          ? { status: "parked" }
          : { status: "delivered" },
    );
    const event = {
      id: "evt_recorded",
      type: "test.made",
      contentType: "application/json",
      body: { text: "{}" },
      sha256: "x",
      acceptedAt: 0,
    };
    const { subscriptionId, groupId, items } = retryInput(2);
    const several = { ...retryInput(2), others: [{ subscriptionId, groupId, items }] };
    let pages = 0;
    const worker = await engine.work({
      ...side.activities,
      dispatch: async ({ events }) =>
        events[0]?.id === "evt_wide"
          ? {
              retries: [],
              pages: [{ owner: "w", events: [{ id: "evt_wide" }], subscriptionIds: ["sub_1"], catalogueVersion: 1 }],
            }
          : events[0]?.id === "evt_several"
            ? { retries: [], handOver: several }
            : { retries: events.length > 1 ? [retryInput(1)] : [] },
      dispatchPage: async () => ({ retries: [retryInput(1)] }),
      recoverySubscriptions: async () => ["sub_1", "sub_2"],
      recoveryPage: async ({ subscriptionId }) => ({
        deliveries: [{ id: `evt_${pages}.${subscriptionId}`, attempts: 1 }],
        perSecond: 10,
        ...((pages += 1) < 4 && { cursor: String(pages) }),
      }),
      recoveryStep: async ({ send, watch }) => ({
        sent: send.map(({ id, attempts }) => ({ id, attempts, at: Date.now() })),
        skipped: {},
        delivered: watch.length,
        failedAgain: 0,
        watch: [],
        perSecond: 10,
        ...(send.length > 0 && { retry: retryInput(1) }),
      }),
      recordRecovery: async () => undefined,
      retentionStep: async ({ after }) => ({
        ...{ events: { api_1: 1 }, deliveries: 2, open: 1, held: 0 },
        ...(after === undefined && { next: { skip: 1 } }),
      }),
      recordRetention: async () => undefined,
    });
    const settled = await start("deliverEvent", "settled", { events: [event] });
    const handed = await start("deliverEvent", "handed", { events: [event, { ...event, id: "evt_other" }] });
    const wide = await start("deliverEvent", "wide", { events: [{ ...event, id: "evt_wide" }] });
    const together = await start("deliverEvent", "together", { events: [{ ...event, id: "evt_several" }] });
    await Promise.all([settled, handed, wide, together].map((handle) => handle.result()));
    await Promise.all([
      save("deliverEvent.settled", settled),
      save("deliverEvent.handed-over", handed),
      save("deliverEvent.wide", wide),
      save("deliverEvent.handed-over-together", together),
    ]);
    const page = engine.client.workflow.getHandle(`page/${wide.workflowId}/0`);
    await page.result();
    await save("deliverPage.handed-over", page);

    const input = retryInput(2);
    const retry = await start("retryDelivery", "parked", input, { typedSearchAttributes: searchAttributesOf(input) });
    await expect
      .poll(async () => (await retry.query<RetryItem[]>("state")).map(({ status }) => status).sort(), within)
      .toEqual(["delivered", "parked"]);
    await save("retryDelivery.parked", retry);
    await retry.signal("wake");
    await retry.signal("retry");
    await retry.result();
    await save("retryDelivery.retried", retry);
    const lanes = engine.client.workflow.getHandle(`retries/${together.workflowId}`);
    await expect.poll(async () => (await lanes.query<RetryItem[]>("state")).length, within).toBe(4);
    await expect
      .poll(
        async () => (await lanes.query<RetryItem[]>("state")).filter(({ status }) => status === "parked").length,
        within,
      )
      .toBe(2);
    await lanes.signal("retry", { subscriptionId });
    await expect
      .poll(
        async () => (await lanes.query<RetryItem[]>("state")).filter(({ status }) => status === "parked").length,
        within,
      )
      .toBe(1);
    await lanes.signal("cancel");
    await lanes.result();
    await save("retryDelivery.several", lanes);
    const other = await start("retryDelivery", "cancelled", retryInput(1, { status: "held" }));
    await other.signal("cancel", { by: "key:1" });
    await other.result();
    await save("retryDelivery.cancelled", other);

    const rate = { perSecond: 5, burst: 2 };
    const bucket = await start("tokenBucket", "bucket", { subscriptionId: "sub_1", rate, rateAsOf: 1, idleMs: 1_000 });
    await bucket.executeUpdate("lease", { args: [{ count: 3, expect: 2, rate, rateAsOf: 1 }] });
    await bucket.signal("configure", { rate: { perSecond: 50, burst: 5 }, asOf: 2 });
    await bucket.signal("pause", { untilMs: Date.now() + 500 });
    await bucket.executeUpdate("lease", { args: [{ count: 1, rate, rateAsOf: 1 }] });
    await bucket.result();
    await save("tokenBucket.ended", bucket);
    const recovery = await start("recovery", "recovery", { recoveryId: "rec_1", filter: {}, parkOpenDays: 7 });
    await recovery.signal("pause", { by: "key:1" });
    await expect.poll(async () => (await recovery.query<{ status: string }>("state")).status, within).toBe("paused");
    await recovery.signal("resume");
    await recovery.result();
    // recovery.done is a history of the first release, which handed over without a pace. It is not recorded anew.
    await save("recovery.paced", recovery);
    const retention = await start("retention", "retention", undefined);
    await retention.result();
    await save("retention.done", retention);
    await worker.stop();
    const late = await whileCancelling(engine, (told, parked) => told.signal("retry", { deliveryIds: [parked] }));
    await save("retryDelivery.late-retry", late.run);
    const everything = await whileCancelling(engine, (told) => told.signal("retry"));
    await save("retryDelivery.late-retry-of-all", everything.run);
    // breaker.opened-at-once is of an earlier build, which opened at the first burst. It is not recorded anew.
    await save("breaker.outage", await outageOfEndpoint(engine));
    await engine.close();
  }, 90_000);
});
