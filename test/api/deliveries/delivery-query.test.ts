/** What the list of deliveries can be asked for, how it counts, and what of it another group learns. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Attempt, Delivery } from "../../../src/store/model.js";
import { deliveryIdOf, escapeEventId } from "../../../src/workflows/event-id.js";
import { recordedEvent } from "../recorded.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
/** After the event types were made: what is older than its type is another api's. */
const START = Date.now() + 3_600_000;
/** How far the clock of the service is ahead. */
let ahead = 0;

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    clock: () => Date.now() + ahead,
  });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
  await insert(mine, "ord:1", 1, { outcome: "delivered", status: 200, durationMs: 12 }, { status: "delivered" });
  await insert(mine, "ord:2", 2, { outcome: "http_4xx", status: 400, durationMs: 8 });
  await insert(mine, "ord:3", 3, { outcome: "http_5xx", status: 503, durationMs: 9_500 }, { attemptCount: 4 });
  await insert(mine, "ord:4", 4, { outcome: "timeout_headers", durationMs: 20_000 });
  await insert(mine, "ord:5", 5, undefined, { status: "pending", attemptCount: 0 });
  for (let n = 0; n < 3; n++)
    await insert(others, `theirs:${n}`, 6 + n, { outcome: "http_4xx", status: 400, durationMs: 8 });
});
afterAll(() => api?.close());

async function insert(
  tenant: Tenant,
  eventId: string,
  minute: number,
  attempt?: Pick<Attempt, "outcome" | "durationMs" | "status">,
  more: Partial<Delivery> = {},
): Promise<void> {
  const createdAt = new Date(START + minute * 60_000);
  await api.store.deliveries.insertMany([
    {
      id: deliveryIdOf(eventId, tenant.subscriptionId),
      eventId,
      subscriptionId: tenant.subscriptionId,
      groupId: tenant.groupId,
      apiId: tenant.apiId,
      eventType: tenant.eventType,
      status: "parked",
      createdAt,
      updatedAt: createdAt,
      attemptCount: 1,
      attempts: attempt ? [{ number: 1, at: createdAt, ...attempt }] : [],
      ...more,
    },
  ]);
}

interface Listed {
  data: Record<string, unknown>[];
  next: string | null;
}
const listed = async (query: string, key = mine.consumerKey): Promise<Listed> =>
  (await api.call<Listed & Record<string, unknown>>("GET", `/v1/deliveries?${query}`, { key })).body;
const events = async (query: string, key = mine.consumerKey) =>
  (await listed(query, key)).data.map((d) => d["eventId"]);
const count = async (query: string, key = mine.consumerKey) =>
  (await api.call("GET", `/v1/deliveries/count?${query}`, { key })).body;

describe("the list of deliveries", () => {
  it.each([
    ["httpStatus=400", ["ord:2"]],
    ["httpStatus=4xx", ["ord:2"]],
    ["httpStatus=4xx,503", ["ord:3", "ord:2"]],
    ["httpStatus=2xx,5xx", ["ord:3", "ord:1"]],
    ["outcome=timeout_headers", ["ord:4"]],
    ["outcome=timeout_headers,delivered", ["ord:4", "ord:1"]],
    ["fault=endpoint", ["ord:4", "ord:3", "ord:2"]],
    ["fault=endpoint&outcome=timeout_headers,delivered", ["ord:4"]],
    ["fault=endpoint&outcome=delivered", []],
    ["fault=settings", []],
    ["durationMin=9500", ["ord:4", "ord:3"]],
    ["attemptsMin=2", ["ord:3"]],
    ["attemptsMin=1&order=asc", ["ord:1", "ord:2", "ord:3", "ord:4"]],
    ["order=desc&limit=2", ["ord:5", "ord:4"]],
    ["q=ord:2", ["ord:2"]],
    [`q=${escapeEventId("ord:2")}`, ["ord:2"]],
    ["q=ord:2&status=delivered", []],
    ["q=nothing-of-the-kind", []],
    ["q=theirs:1", []],
  ])("by %s", async (query, expected) => {
    expect(await events(query)).toEqual(expected);
    if (!query.includes("limit")) {
      const counted = query.replace(/&?order=\w+/, "");
      expect(await count(counted)).toEqual({ count: expected.length, exact: true, atLeast: false });
    }
  });

  it("is asked for a delivery by its id", async () => {
    const id = deliveryIdOf("ord:3", mine.subscriptionId);
    expect(await events(`q=${encodeURIComponent(id)}`)).toEqual(["ord:3"]);
    expect(await events(`q=${encodeURIComponent(deliveryIdOf("theirs:1", others.subscriptionId))}`)).toEqual([]);
  });

  it("says what came of the newest attempt, and when it was delivered", async () => {
    const [delivered, refused, , timeout, none] = (await listed("order=asc")).data;
    expect(delivered).toMatchObject({
      lastStatus: 200,
      lastOutcome: "delivered",
      lastDurationMs: 12,
      deliveredAt: new Date(START + 60_012).toISOString(),
    });
    expect(refused).toMatchObject({ lastStatus: 400, lastOutcome: "http_4xx", lastDurationMs: 8 });
    expect(refused).not.toHaveProperty("deliveredAt");
    expect(timeout).toMatchObject({ lastOutcome: "timeout_headers", lastDurationMs: 20_000 });
    expect(timeout).not.toHaveProperty("lastStatus");
    for (const name of ["lastStatus", "lastOutcome", "lastDurationMs"]) expect(none).not.toHaveProperty(name);
  });

  it("pages in both directions, and turns round at a cursor", async () => {
    const first = await listed("order=asc&limit=2");
    const second = await listed(`order=asc&limit=2&cursor=${first.next}`);
    expect(second.data.map((d) => d["eventId"])).toEqual(["ord:3", "ord:4"]);
    expect(await events(`order=desc&cursor=${second.next}`)).toEqual(["ord:3", "ord:2", "ord:1"]);
  });

  it.each([
    ["httpStatus=4", "query.httpStatus"],
    ["httpStatus=6xx", "query.httpStatus"],
    ["httpStatus=400,", "query.httpStatus"],
    ["outcome=bad_luck", "query.outcome"],
    ["fault=nobody", "query.fault"],
    ["durationMin=-1", "query.durationMin"],
    ["durationMin=1.5", "query.durationMin"],
    ["attemptsMin=many", "query.attemptsMin"],
    ["order=up", "query.order"],
    ["q=", "query.q"],
    ["q=two%20words", "query.q"],
    ["since=-15s", "query.since"],
    ["since=-0m", "query.since"],
    ["since=15m", "query.since"],
    ["until=yesterday", "query.until"],
  ])("refuses %s and names the parameter", async (query, path) => {
    const problem = await api.problem("GET", `/v1/deliveries?${query}`);
    expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
    expect(problem.errors?.[0]?.path).toMatch(path);
  });
});

describe("the filter by api", () => {
  it("finds its deliveries, and those of another's api for nobody with limits", async () => {
    const theirs = ["theirs:2", "theirs:1", "theirs:0"];
    const { apiId } = others;
    expect(await events(`apiId=${apiId}`, api.adminKey)).toEqual(theirs);
    expect(await count(`apiId=${apiId}`, api.adminKey)).toMatchObject({ count: 3 });
    expect(await events(`apiId=${apiId}`, others.providerKey)).toEqual(theirs);
    expect(await events(`apiId=${apiId}&eventType=${others.eventType}`, api.adminKey)).toEqual(theirs);
    expect(await events(`apiId=${apiId}&eventType=${mine.eventType}`, api.adminKey)).toEqual([]);
    expect(await events(`apiId=${apiId}`, mine.providerKey)).toEqual([]);
    expect(await events(`apiId=${apiId}`, mine.consumerKey)).toEqual([]);
    expect(await events(`apiId=${mine.apiId}`, mine.consumerKey)).toHaveLength(5);
  });
});

describe("a count of deliveries", () => {
  it("is of one's own groups and apis, and of nothing else", async () => {
    expect(await count("")).toMatchObject({ count: 5, exact: true });
    expect(await count("httpStatus=400")).toMatchObject({ count: 1 });
    expect(await count("", others.providerKey)).toMatchObject({ count: 3 });
    expect(await count("", api.adminKey)).toMatchObject({ count: 8 });
    expect(await count(`groupId=${others.groupId}`)).toEqual({ count: 0, exact: true, atLeast: false });
    expect(await count(`subscriptionId=${others.subscriptionId}`)).toMatchObject({ count: 0 });
    expect(await count(`eventType=${others.eventType}`, mine.providerKey)).toMatchObject({ count: 0 });
  });
  it("leaves out what is older than its event type, which may have been another api's", async () => {
    await insert(others, "theirs:old", 0, undefined, { createdAt: new Date(START - 86_400_000) });
    expect(await count("", others.providerKey)).toMatchObject({ count: 3 });
    expect(await count("", others.consumerKey)).toMatchObject({ count: 4 });
  });
  it("takes no page", async () => {
    expect(await api.problem("GET", "/v1/deliveries/count?limit=5")).toMatchObject({ status: 400 });
  });
});

it("events are counted like their list, within the limits of a key", async () => {
  const of = (tenant: Tenant, id: string) =>
    recordedEvent(tenant, id, Buffer.from("{}"), { acceptedAt: new Date(START) });
  await api.store.events.insertMany([of(mine, "c-1"), of(mine, "c-2"), of(others, "c-3")]);
  const counted = async (query: string, key = api.adminKey) =>
    (await api.call("GET", `/v1/events/count?${query}`, { key })).body;
  expect(await counted("")).toEqual({ count: 3, exact: true, atLeast: false });
  expect(await counted("", mine.providerKey)).toMatchObject({ count: 2 });
  expect(await counted(`type=${mine.eventType}`)).toMatchObject({ count: 2 });
  expect(await counted(`type=${mine.eventType}`, others.providerKey)).toMatchObject({ count: 0 });
  expect(await counted(`apiId=${mine.apiId}`)).toMatchObject({ count: 2 });
  expect(await counted(`apiId=${mine.apiId}`, others.providerKey)).toMatchObject({ count: 0 });
  expect(await counted("until=-1d")).toMatchObject({ count: 0 });
  expect(await counted("ceSource=/none&ceId=1")).toMatchObject({ count: 0 });
  expect(await api.problem("GET", "/v1/events/count?ceId=1")).toMatchObject({ status: 400 });
  expect(await api.problem("GET", "/v1/events/count", { key: mine.consumerKey })).toMatchObject({ status: 403 });
});

describe("a window that is reckoned from now", () => {
  it("lies where it says", async () => {
    const recent = await makeTenant(api, "recent");
    const at = (ms: number) => ({ createdAt: new Date(Date.now() - ms) });
    const DAY = 86_400_000;
    await insert(recent, "r-1", 0, undefined, at(10 * DAY));
    await insert(recent, "r-2", 0, undefined, at(3 * DAY));
    await insert(recent, "r-3", 0, undefined, at(DAY / 4));
    const found = (query: string) => events(query, recent.consumerKey);
    expect(await found("since=-24h")).toEqual(["r-3"]);
    expect(await found("since=-7d")).toEqual(["r-3", "r-2"]);
    expect(await found("since=-7d&until=-1440m")).toEqual(["r-2"]);
    expect(await found("until=-7d")).toEqual(["r-1"]);
    expect(await count("since=-7d", recent.consumerKey)).toMatchObject({ count: 2 });
  });

  it("stays where it was while somebody pages through it", async () => {
    const paged = await makeTenant(api, "paged");
    for (const n of [1, 2, 3]) await insert(paged, `p-${n}`, 0, undefined, { createdAt: new Date(Date.now() + n) });
    const first = await listed("since=-30m&limit=1", paged.consumerKey);
    ahead = 3_600_000;
    expect(await events("since=-30m", paged.consumerKey)).toEqual([]);
    const rest = await listed(`since=-30m&limit=250&cursor=${first.next}`, paged.consumerKey);
    ahead = 0;
    expect([...first.data, ...rest.data].map((d) => d["eventId"])).toEqual(["p-3", "p-2", "p-1"]);
  });

  it("is taken by the audit too", async () => {
    expect((await api.call("GET", "/v1/audit?since=-1h")).status).toBe(200);
    expect((await api.call("GET", "/v1/audit?since=-1h&limit=1")).body).toHaveProperty("next");
  });
});
