/** What the overview tells whom: a consumer nothing of another group, and nobody what the role may not see. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { StoreError } from "../../../src/store/store-error.js";
import { newId } from "../../../src/store/ids.js";
import { parkedDelivery } from "../recorded.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
let reads = 0;
let isSlow = false;

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    readiness: async () => ({ degraded: ["temporal"] }),
    between: (store) => ({
      ...store,
      deliveries: {
        ...store.deliveries,
        backlog: async (...given) => {
          reads++;
          if (isSlow) throw new StoreError("scan_too_long", "It took too long.");
          return store.deliveries.backlog(...given);
        },
      },
    }),
  });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
  const oldest = new Date(Date.now() - 840_000);
  await api.store.deliveries.insertMany([
    { ...parkedDelivery(mine, newId("evt")), apiId: mine.apiId },
    { ...parkedDelivery(mine, newId("evt")), apiId: mine.apiId, status: "retrying", createdAt: oldest },
    { ...parkedDelivery(others, newId("evt")), apiId: others.apiId, status: "held" },
    { ...parkedDelivery(others, newId("evt")), apiId: others.apiId },
    { ...parkedDelivery(others, newId("evt")), apiId: others.apiId },
  ]);
  const health = { state: "failing" as const, since: oldest, reason: "None of the last 10 attempts succeeded." };
  await api.store.subscriptions.update(mine.subscriptionId, (it) => ({ ...it, health }), { unasked: true });
  await api.catalogue.refresh();
});
afterAll(() => api?.close());

interface Overview extends Record<string, unknown> {
  sentence: { code: string; values: Record<string, number | boolean> };
  subscriptions: { total: number; byHealth: Record<string, number> };
  waiting?: { count: number; byStatus: Record<string, number>; oldest?: string };
  parked?: { count: number };
  needsYou: Record<string, unknown>;
  failing: { subscriptionId: string; waiting?: number }[];
  engine?: { ready: boolean; degraded: string[] };
  unread: string[];
}
async function overview(key: string, search = ""): Promise<{ body: Overview; text: string }> {
  const { status, text, body } = await api.call<Overview>("GET", `/v1/overview${search}`, { key });
  expect(status, text).toBe(200);
  return { body, text };
}
const key = async (role: string, scopes?: string[]) => (await api.key({ role, ...(scopes && { scopes }) })).token;

describe("the overview", () => {
  it("tells a consumer of its own endpoints and deliveries, and nothing of another group", async () => {
    const { body, text } = await overview(mine.consumerKey);
    expect(body.sentence).toMatchObject({
      code: "some_failing",
      values: { inService: 1, failing: 1, degraded: 0, waiting: 1, waitingExact: true },
    });
    expect(body.sentence.values["oldestWaitingSeconds"]).toBeGreaterThanOrEqual(840);
    expect(body.waiting).toMatchObject({ count: 1, byStatus: { retrying: 1, held: 0 } });
    expect(body.parked).toMatchObject({ count: 1 });
    expect(body.failing).toMatchObject([{ subscriptionId: mine.subscriptionId, waiting: 1 }]);
    expect(body.needsYou).toEqual({ toFinish: 0, certificatesEnding: { count: 0, first: [] }, secretsInOverlap: 0 });
    expect(body).not.toHaveProperty("engine");
    for (const theirs of [others.groupId, others.subscriptionId, others.apiId, others.eventType])
      expect(text).not.toContain(theirs);
  });

  it("tells a provider of its api alone, with what it has to decide", async () => {
    await api.store.grantRequests.open({
      id: newId("grq"),
      groupId: others.groupId,
      grant: mine.eventType,
      apiId: mine.apiId,
      status: "open",
      requestedBy: "test",
      createdAt: new Date(),
    });
    const { body } = await overview(mine.providerKey);
    expect(body.needsYou).toMatchObject({ approvals: 0, furtherTypes: 0, grantRequests: { count: 1, exact: true } });
    expect(body.subscriptions.total).toBe(1);
    expect(body.parked?.count).toBe(1);
    // It is older than the event type, so it was another one's of the same name.
    expect(body.waiting?.count).toBe(0);
    const theirs = (await overview(others.providerKey)).body;
    expect(theirs.sentence.code).toBe("all_well");
    expect(theirs.needsYou["grantRequests"]).toMatchObject({ count: 0 });
    expect(theirs.parked?.count).toBe(2);
  });

  it("tells an operator of everything and of the engine, and of one group or api on demand", async () => {
    const operator = await key("operator");
    const { body } = await overview(operator);
    expect(body.subscriptions).toMatchObject({ total: 2, byHealth: { failing: 1, healthy: 1 } });
    expect(body).toMatchObject({ waiting: { count: 2 }, parked: { count: 3 } });
    expect(body.engine).toEqual({ ready: true, degraded: ["temporal"] });
    expect(body.needsYou).not.toHaveProperty("approvals");
    for (const search of [`?groupId=${others.groupId}`, `?apiId=${others.apiId}`]) {
      const narrowed = (await overview(operator, search)).body;
      expect(narrowed, search).toMatchObject({ subscriptions: { total: 1 }, waiting: { count: 1 }, failing: [] });
    }
  });

  it("is empty for another group or api, as for one that does not exist", async () => {
    const foreign = (await overview(mine.consumerKey, `?groupId=${others.groupId}`)).body;
    expect(foreign).toMatchObject({ sentence: { code: "no_endpoint" }, waiting: { count: 0 }, failing: [] });
    expect((await overview(mine.consumerKey, `?groupId=${newId("grp")}`)).body).toEqual(foreign);
    const api2 = (await overview(mine.providerKey, `?apiId=${others.apiId}`)).body;
    expect(api2).toMatchObject({ subscriptions: { total: 0 }, waiting: { count: 0 }, parked: { count: 0 } });
  });

  it("names no subscription to a key whose scopes leave them out", async () => {
    const { body, text } = await overview(await key("operator", ["deliveries:read"]));
    expect(body.subscriptions.total).toBe(0);
    expect(body.waiting?.count).toBe(2);
    expect(text).not.toContain(mine.subscriptionId);
    expect(body).not.toHaveProperty("engine");
  });

  it("is read once for those who see the same, and anew later", async () => {
    const [one, two] = [await key("auditor"), await key("auditor")];
    const before = reads;
    await Promise.all([overview(one), overview(two), overview(one)]);
    expect(reads).toBe(before + 1);
    await expect
      .poll(async () => (await overview(one), reads), { timeout: 60_000, interval: 500 })
      .toBeGreaterThan(before + 1);
  });

  it("says what could not be read in time, and tells the rest", async () => {
    isSlow = true;
    const { body } = await overview(await key("admin"));
    isSlow = false;
    expect(body).toMatchObject({ unread: ["deliveries"], subscriptions: { total: 2 } });
    expect(body).not.toHaveProperty("waiting");
    expect(body.failing[0]).not.toHaveProperty("waiting");
    expect(body.sentence.values).toEqual({ inService: 2, failing: 1, degraded: 0 });
  });
});
