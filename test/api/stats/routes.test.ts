/** Charts: what is counted, who sees it, and what a wrong question is answered with. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Delivery } from "../../../src/store/model.js";
import { newId } from "../../../src/store/ids.js";
import { deliveryIdOf } from "../../../src/workflows/event-id.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
let operator: string;

interface StatsBody extends Record<string, unknown> {
  interval: string;
  times: string[];
  complete: boolean;
  widened?: boolean;
  series: { key: string; label?: string; values?: number[]; p50?: (number | null)[]; total: number; p95Ms?: number }[];
}

function made(tenant: Tenant, status: Delivery["status"], outcome: string, http?: number): Delivery {
  const eventId = newId("evt");
  const at = new Date();
  const { subscriptionId, groupId, eventType, apiId } = tenant;
  return {
    id: deliveryIdOf(eventId, subscriptionId),
    ...{ eventId, subscriptionId, groupId, eventType, apiId, status },
    createdAt: at,
    updatedAt: at,
    attemptCount: 1,
    attempts: [{ number: 1, at, outcome, durationMs: 100, ...(http !== undefined && { status: http }) }],
  };
}

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
  operator = (await api.key({ role: "operator" })).token;
  await api.store.deliveries.insertMany([
    made(mine, "delivered", "delivered", 200),
    made(mine, "delivered", "delivered", 204),
    made(mine, "parked", "http_4xx", 404),
    made(mine, "retrying", "timeout_connect"),
    made(mine, "parked", "client_certificate_invalid"),
    made(others, "delivered", "delivered", 200),
  ]);
  await api.store.stats.flush();
});
afterAll(() => api?.close());

async function stats(query: string, key = operator): Promise<StatsBody> {
  const answer = await api.call<StatsBody>("GET", `/v1/stats?${query}`, { key });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}
const totals = async (query: string, key?: string): Promise<Record<string, number>> =>
  Object.fromEntries((await stats(query, key)).series.map((series) => [series.key, series.total]));

describe("what is counted", () => {
  it("deliveries by the status that they reached", async () => {
    expect(await totals("metric=deliveries&groupBy=status")).toEqual({ delivered: 3, parked: 2 });
    expect(await totals("metric=deliveries")).toEqual({ all: 5 });
  });

  it("attempts by outcome, by whose fault it was and by HTTP status", async () => {
    expect(await totals("metric=attempts&groupBy=outcome")).toEqual({
      delivered: 3,
      http_4xx: 1,
      timeout_connect: 1,
      client_certificate_invalid: 1,
    });
    const { series } = await stats("metric=attempts&groupBy=outcome");
    expect(series.map(({ key, label }) => [key, label])).toContainEqual(["http_4xx", "Refused (4xx)"]);
    for (const { label } of series) expect(label).toEqual(expect.any(String));
    expect((await stats("metric=deliveries&groupBy=status")).series[0]).not.toHaveProperty("label");
    expect(await totals("metric=attempts&groupBy=fault")).toEqual({ nobody: 3, endpoint: 2, settings: 1 });
    expect(await totals("metric=attempts&groupBy=httpStatus")).toEqual({ 200: 2, 204: 1, 404: 1, none: 2 });
  });

  it("by subscription, group and event type, which say the same as the deliveries", async () => {
    const bySubscription = await totals("metric=attempts&groupBy=subscription");
    expect(bySubscription).toEqual({ [mine.subscriptionId]: 5, [others.subscriptionId]: 1 });
    expect(await totals("metric=attempts&groupBy=group")).toEqual({ [mine.groupId]: 5, [others.groupId]: 1 });
    expect(await totals("metric=attempts&groupBy=eventType")).toEqual({ [mine.eventType]: 5, [others.eventType]: 1 });
    expect(await totals(`metric=attempts&subscriptionId=${mine.subscriptionId}`)).toEqual({ all: 5 });
    expect(await totals(`metric=attempts&eventType=${others.eventType}`)).toEqual({ all: 1 });
  });

  it("latency of answered attempts within 10 %", async () => {
    const { series } = await stats("metric=latency&interval=15m");
    expect(series).toMatchObject([{ key: "all", total: 4 }]);
    expect(series[0]?.p95Ms).toBeGreaterThan(90);
    expect(series[0]?.p95Ms).toBeLessThan(110);
    expect(series[0]?.p50?.filter((each) => each !== null)).not.toEqual([]);
  });

  it("at whole intervals, one value for each", async () => {
    const { times, series, complete, interval } = await stats("metric=deliveries&interval=1h&since=-24h");
    expect([complete, interval, times.length]).toEqual([true, "1h", 25]);
    expect(series[0]?.values).toHaveLength(25);
    expect(times.every((time) => time.endsWith(":00:00.000Z"))).toBe(true);
    const nothing = await stats("metric=deliveries&since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z");
    expect(nothing.series).toMatchObject([{ key: "all", total: 0 }]);
  });
});

describe("the list of subscriptions", () => {
  it("tells the last 24 hours of each one on the page, if it is asked to", async () => {
    const list = (query: string) =>
      api.call<{ data: Record<string, unknown>[] } & Record<string, unknown>>("GET", `/v1/subscriptions?${query}`, {
        key: mine.consumerKey,
      });
    const [row] = (await list("stats=24h")).body.data;
    expect(row).toMatchObject({ id: mine.subscriptionId, stats: { succeeded: 2, failed: 3, successRate: 0.4 } });
    const { values } = row?.["stats"] as { values: number[] };
    expect([values.length, values.reduce((sum, count) => sum + count, 0)]).toEqual([24, 5]);
    expect(row).toMatchObject({ waiting: { count: 1, exact: true }, parked: { count: 2, exact: true } });
    const [plain] = (await list("limit=1")).body.data;
    expect(plain).not.toHaveProperty("stats");
    expect(plain).not.toHaveProperty("waiting");
  });
});

describe("the health of a subscription", () => {
  it("has the success rate of the list: an event that was refused for itself alone counts in neither", async () => {
    const picky = await makeTenant(api, "picky");
    await api.store.deliveries.insertMany([
      ...Array.from({ length: 3 }, () => made(picky, "delivered", "delivered", 200)),
      made(picky, "retrying", "http_5xx", 503),
      made(picky, "parked", "http_4xx", 422),
      made(picky, "parked", "request_invalid"),
    ]);
    await api.store.stats.flush();
    const key = picky.consumerKey;
    const told = { succeeded: 3, failed: 1, refused: 1, successRate: 0.75 };
    expect((await api.call("GET", `/v1/subscriptions/${picky.subscriptionId}/health`, { key })).body).toMatchObject({
      day: { attempts: 4, ...told },
    });
    const { body } = await api.call<{ data: object[] }>("GET", "/v1/subscriptions?stats=24h", { key });
    expect(body.data).toMatchObject([{ stats: told }]);
  });

  it("counts all attempts of a window, also where there are more than are read", async () => {
    const busy = await makeTenant(api, "busy");
    await api.store.deliveries.insertMany([
      ...Array.from({ length: 1_000 }, () => made(busy, "delivered", "delivered", 200)),
      ...Array.from({ length: 20 }, () => made(busy, "retrying", "http_5xx", 503)),
      ...Array.from({ length: 5 }, () => made(busy, "parked", "http_4xx", 422)),
    ]);
    await api.store.stats.flush();
    const { body, text } = await api.call("GET", `/v1/subscriptions/${busy.subscriptionId}/health`, {
      key: busy.consumerKey,
    });
    const figures = { complete: true, attempts: 1_020, succeeded: 1_000, failed: 20, refused: 5 };
    expect(body, text).toMatchObject({ hour: figures, day: figures });
  });
});

describe("who sees it", () => {
  it("a consumer sees its own groups, and a provider its own apis", async () => {
    for (const key of [mine.consumerKey, mine.providerKey]) {
      expect(await totals("metric=attempts", key)).toEqual({ all: 5 });
      expect(await totals("metric=attempts&groupBy=subscription", key)).toEqual({ [mine.subscriptionId]: 5 });
      expect(await totals("metric=attempts&groupBy=eventType", key)).toEqual({ [mine.eventType]: 5 });
    }
  });

  it("one api, on demand", async () => {
    expect(await totals(`metric=attempts&apiId=${mine.apiId}`, operator)).toEqual({ all: 5 });
    expect(await totals(`metric=attempts&apiId=${mine.apiId}&groupId=${mine.groupId}`, operator)).toEqual({ all: 5 });
    for (const key of [mine.consumerKey, mine.providerKey])
      expect((await stats(`metric=attempts&apiId=${others.apiId}`, key)).series).toMatchObject([{ total: 0 }]);
  });

  it("nothing of another's, asked for by name, by anyone with limits", async () => {
    for (const key of [mine.consumerKey, mine.providerKey]) {
      const subscription = await api.call("GET", `/v1/stats?metric=attempts&subscriptionId=${others.subscriptionId}`, {
        key,
      });
      expect([subscription.status, subscription.body["code"]]).toEqual([404, "not_found"]);
      expect((await stats(`metric=attempts&eventType=${others.eventType}`, key)).series).toMatchObject([{ total: 0 }]);
    }
    const group = await api.call("GET", `/v1/stats?metric=attempts&groupId=${others.groupId}`, {
      key: mine.consumerKey,
    });
    expect(group.status).toBe(404);
  });
});

describe("what is refused", () => {
  const refused = async (query: string): Promise<unknown> => {
    const answer = await api.call("GET", `/v1/stats?${query}`, { key: operator });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body["code"]).toBe("invalid_request");
    return answer.body["errors"];
  };

  it("an unknown dimension, or one that this metric has not", async () => {
    expect(await refused("metric=deliveries&groupBy=colour")).toMatchObject([{ path: "query.groupBy" }]);
    expect(await refused("metric=deliveries&groupBy=fault")).toEqual([
      { path: "query.groupBy", message: "must be one of status, subscription, group, eventType for metric=deliveries" },
    ]);
  });

  it("more than 1,000 points, naming what works; without an interval it is widened, and said", async () => {
    expect(await refused("metric=deliveries&interval=1m&since=-24h")).toMatchObject([
      { path: "query.interval", message: expect.stringContaining("at least 5m") as string },
    ]);
    expect(await stats("metric=deliveries&since=-24h")).toMatchObject({ interval: "5m", widened: true });
    expect(await stats("metric=deliveries&since=-1h")).not.toHaveProperty("widened");
  });

  it("a window that is too long, upside down or in the future", async () => {
    for (const window of [
      "since=-91d",
      "since=-1h&until=-2h",
      `since=${new Date(Date.now() + 3_600_000).toISOString()}`,
    ])
      expect(await refused(`metric=deliveries&${window}`)).toMatchObject([{ path: "query.since" }]);
  });
});
