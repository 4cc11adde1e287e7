/**
 * Preview, token and filter rules over HTTP. No worker runs: what a started recovery does is in
 * test/activities/recover.test.ts.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import type { Delivery } from "../../../src/store/model.js";
import { WORKFLOW } from "../../../src/workflows/contract.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let beside: RunningApi;
let tenant: Tenant;
let other: Tenant;
/** Milliseconds since the epoch; what a test needs to be later, it sets. */
const DAY_MS = 86_400_000;
const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

beforeAll(async () => {
  const engines = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
  api = await startApi(engines);
  beside = await startApi({
    ...engines,
    beside: api,
    settings: { environmentAdminKeyHash: api.store.blindIndex("admin-key", api.adminKey) },
  });
  [tenant, other] = await Promise.all([makeTenant(api, "payments"), makeTenant(api, "orders")]);
  await beside.catalogue.refresh();
});
afterAll(async () => {
  await beside?.close();
  await api?.close();
});

async function insert(
  count: number,
  { of = tenant, hours = 1, ...more }: Partial<Delivery> & { of?: Tenant; hours?: number } = {},
): Promise<Delivery[]> {
  const made = Array.from({ length: count }, (): Delivery => {
    const eventId = newId("evt");
    const createdAt = new Date(Date.now() - hours * 3_600_000);
    return {
      id: `${eventId}.${of.subscriptionId}`,
      eventId,
      subscriptionId: of.subscriptionId,
      groupId: of.groupId,
      eventType: of.eventType,
      status: "parked",
      createdAt,
      updatedAt: createdAt,
      attemptCount: 1,
      attempts: [],
      ...more,
    };
  });
  await api.store.deliveries.insertMany(made);
  return made;
}

interface Preview {
  count: number;
  exact: boolean;
  byStatus: Record<string, number>;
  bySubscription: { subscriptionId: string; count: number; ratePerSecond: number; estimatedSeconds: number }[];
  oldest?: string;
  newest?: string;
  estimatedSeconds: number;
  filter: Record<string, unknown>;
  token: string;
}
async function preview(filter: Record<string, unknown>, key = tenant.consumerKey, more: object = {}): Promise<Preview> {
  const answer = await api.call<Preview>("POST", "/v1/recoveries/preview", { key, body: { filter, ...more } });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}
const start = (body: object, key = tenant.consumerKey, by = api) => by.call("POST", "/v1/recoveries", { key, body });
const refusal = (body: object, key = tenant.consumerKey, by = api) =>
  by.problem("POST", "/v1/recoveries", { key, body });

describe("a preview", () => {
  test(
    "of a provider limited to an api begins where its event type does: the name may have been " + "another's before",
    async () => {
      const of = await makeTenant(api, "renamed");
      await insert(3, { of, hours: 2 });
      await insert(2, { of, hours: 0 });
      expect(
        await preview(
          { subscriptionId: of.subscriptionId, eventType: of.eventType, since: hoursAgo(24) },
          of.providerKey,
        ),
      ).toMatchObject({ count: 2 });
    },
  );

  test("counts by status and subscription, says how long it takes, and sends nothing", async () => {
    const of = await makeTenant(api, "counted");
    await insert(12, { of, hours: 3 });
    await insert(3, { of, hours: 2, status: "exhausted" });
    await insert(5, { of, hours: 1, status: "delivered" });
    await insert(2, { of, hours: 1, status: "cancelled" });
    await insert(4, { of, hours: 30 });
    const { body } = await api.call<Preview>("POST", "/v1/recoveries/preview", {
      key: of.consumerKey,
      body: { filter: { since: hoursAgo(24) } },
    });
    expect(body).toMatchObject({
      count: 15,
      exact: true,
      byStatus: { parked: 12, exhausted: 3 },
      estimatedSeconds: 2,
      bySubscription: [{ subscriptionId: of.subscriptionId, count: 15, ratePerSecond: 10, estimatedSeconds: 2 }],
      filter: { groupId: of.groupId, status: ["parked", "exhausted"] },
    });
    expect(Date.parse(body.oldest ?? "")).toBeLessThan(Date.parse(body.newest ?? ""));
    expect(Date.parse(String(body.filter["until"]))).toBeLessThanOrEqual(Date.now());
    expect((await api.call<{ data: unknown[] }>("GET", "/v1/recoveries", { key: of.consumerKey })).body.data).toEqual(
      [],
    );
    expect(
      await api.call("POST", "/v1/recoveries/preview", {
        key: of.consumerKey,
        body: { filter: { since: hoursAgo(24), status: ["cancelled"] } },
      }),
    ).toMatchObject({ body: { count: 2, byStatus: { cancelled: 2 } } });
  });

  test("of nothing is a preview too", async () => {
    expect(await preview({ since: hoursAgo(0.001), eventType: tenant.eventType })).toMatchObject({
      count: 0,
      exact: true,
      byStatus: {},
      bySubscription: [],
      estimatedSeconds: 0,
    });
  });
});

describe("what a filter may name", () => {
  const both = async (body: object, key = tenant.consumerKey) => [
    await api.problem("POST", "/v1/recoveries/preview", { key, body }),
    await api.problem("POST", "/v1/recoveries", { key, body: { ...body, token: "x" } }),
  ];

  test("a window is needed, of at most 30 days", async () => {
    for (const filter of [
      {},
      { subscriptionId: tenant.subscriptionId },
      { until: hoursAgo(1) },
      { since: hoursAgo(31 * 24) },
      { since: hoursAgo(62 * 24), until: hoursAgo(31 * 24) },
    ]) {
      for (const problem of await both({ filter }))
        expect(problem).toMatchObject({
          status: 422,
          code: "recovery_window_needed",
          errors: [{ path: "filter.since" }],
        });
    }
    await preview({ since: new Date(Date.now() - 30 * DAY_MS).toISOString() });
    await preview({ since: hoursAgo(60 * 24), until: hoursAgo(31 * 24) });
    for (const filter of [
      { since: hoursAgo(1), until: hoursAgo(2) },
      { since: hoursAgo(-1) },
      { since: "yesterday" },
      { since: hoursAgo(1), status: [] },
      { since: hoursAgo(1), status: ["lost"] },
      { since: hoursAgo(1), groupIds: [] },
    ]) {
      for (const problem of await both({ filter }))
        expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
    }
  });

  test("delivered ones only of one subscription, and only when that is said", async () => {
    const window = { since: hoursAgo(24), status: ["delivered"] };
    for (const body of [
      { filter: window },
      { filter: window, includeDelivered: true },
      { filter: { ...window, subscriptionId: tenant.subscriptionId } },
      { filter: { ...window, subscriptionId: tenant.subscriptionId }, includeDelivered: false },
      { filter: { ...window, status: ["parked", "delivered"], groupId: tenant.groupId }, includeDelivered: true },
    ]) {
      for (const key of [tenant.consumerKey, api.adminKey]) {
        for (const problem of await both(body, key))
          expect(problem).toMatchObject({ status: 422, code: "recovery_delivered_refused" });
      }
    }
    const named = { ...window, subscriptionId: tenant.subscriptionId };
    await insert(1, { status: "delivered" });
    expect((await preview(named, tenant.consumerKey, { includeDelivered: true })).count).toBe(1);
    const { token } = await preview({ ...named, includeDelivered: true });
    expect(await refusal({ filter: named, token })).toMatchObject({ code: "recovery_delivered_refused" });
    expect((await start({ filter: named, token, includeDelivered: true })).status).toBe(202);
  });

  test("several groups only by an operator or an admin", async () => {
    const [operator, provider] = await Promise.all([api.key({ role: "operator" }), api.key({ role: "provider" })]);
    const filter = { since: hoursAgo(2) };
    for (const problem of await both({ filter }, provider.token))
      expect(problem).toMatchObject({ status: 403, code: "forbidden" });
    for (const problem of await both({ filter: { ...filter, eventType: tenant.eventType } }, provider.token))
      expect(problem).toMatchObject({ status: 403 });
    await preview({ ...filter, groupId: tenant.groupId }, provider.token);
    await preview({ ...filter, subscriptionId: tenant.subscriptionId }, provider.token);
    const [own, more] = [await insert(2), await insert(1, { of: other })];
    const ids = (await preview(filter, operator.token)).bySubscription.map(({ subscriptionId }) => subscriptionId);
    for (const [delivery] of [own, more]) expect(ids).toContain(delivery?.subscriptionId);
    for (const problem of await both(
      { filter: { ...filter, subscriptionId: other.subscriptionId, groupId: tenant.groupId } },
      api.adminKey,
    ))
      expect(problem).toMatchObject({ status: 404 });
  });
});

describe("a token", () => {
  const filter = { since: hoursAgo(23) };
  const workflowOf = (id: unknown) => api.client.workflow.getHandle(`recovery/${String(id)}`).describe();

  test("starts one recovery, in any process; both of two at once get the same recovery or a refusal", async () => {
    await insert(3);
    const { token, count } = await preview(filter);
    const answers = await Promise.all([
      start({ filter, token, reason: "the outage is over" }),
      start({ filter, token }, tenant.consumerKey, beside),
      start({ filter, token }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    const begun = answers.find(({ status }) => status === 202)?.body ?? {};
    expect(begun).toMatchObject({
      status: "running",
      count,
      filter: { groupId: tenant.groupId },
      progress: { found: 0, sent: 0, delivered: 0, failedAgain: 0, underWay: 0, skipped: {} },
    });
    expect((await workflowOf(begun["id"])).type).toBe(WORKFLOW.recovery);
    for (const by of [api, beside]) {
      const problem = await refusal({ filter, token }, tenant.consumerKey, by);
      expect(problem).toMatchObject({ status: 409, code: "preview_changed" });
      expect(problem.detail).toContain(String(begun["id"]));
    }
  });

  test("of a preview here starts a recovery in another process", async () => {
    const { token, filter: frozen } = await preview(filter);
    const answer = await start({ filter, token }, tenant.consumerKey, beside);
    expect(answer).toMatchObject({ status: 202, body: { filter: { until: frozen["until"] } } });
  });

  test("is needed, and made here", async () => {
    expect(await refusal({ filter })).toMatchObject({ status: 400, errors: [{ path: "token" }] });
    expect(await refusal({ filter, token: "not a token" })).toMatchObject({ status: 400, errors: [{ path: "token" }] });
    const { token } = await preview(filter);
    const [text = "", mac = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, count: 1_000_000 })).toString("base64url");
    for (const bad of [
      `${forged}.${mac}`,
      text,
      `${text}.`,
      `${text}.${mac}.`,
      `${text}.${"A".repeat(mac.length)}`,
      "x",
    ]) {
      expect(await refusal({ filter, token: bad })).toMatchObject({ status: 409, code: "preview_changed" });
    }
    expect((await start({ filter, token })).status).toBe(202);
  });

  test("is bound to its filter and its actor", async () => {
    const { token, filter: frozen } = await preview(filter);
    const second = await api.key({ role: "consumer", groupId: tenant.groupId });
    for (const key of [second.token, api.adminKey])
      expect(await refusal({ filter: { ...filter, groupId: tenant.groupId }, token }, key)).toMatchObject({
        status: 409,
        code: "preview_changed",
      });
    for (const changed of [
      { since: hoursAgo(22) },
      { ...filter, status: ["parked"] },
      { ...filter, subscriptionId: tenant.subscriptionId },
      { ...filter, eventType: tenant.eventType },
      { ...filter, until: hoursAgo(1) },
    ]) {
      expect(await refusal({ filter: changed, token })).toMatchObject({ status: 409, code: "preview_changed" });
    }
    // The same in other words, and with the `until` that it froze.
    expect(
      (
        await start({
          filter: { ...filter, groupId: tenant.groupId, status: ["exhausted", "parked"], until: frozen["until"] },
          token,
        })
      ).status,
    ).toBe(202);
  });

  test("ends after ten minutes", async () => {
    const late = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
      clock: () => Date.now() + 11 * 60_000,
    });
    try {
      const { token } = await preview(filter);
      expect(await refusal({ filter, token }, tenant.consumerKey, late)).toMatchObject({
        status: 409,
        code: "preview_changed",
      });
      expect((await start({ filter, token })).status).toBe(202);
    } finally {
      await late.close();
    }
  });

  test("takes some growth, and none of more than a tenth and fifty", async () => {
    const of = await makeTenant(api, "growing");
    await insert(5, { of });
    const own = { since: hoursAgo(20) };
    const first = await preview(own, of.consumerKey);
    const second = await preview(own, of.consumerKey);
    expect(first.count).toBe(5);
    await insert(50, { of });
    expect((await start({ filter: own, token: first.token }, of.consumerKey)).status).toBe(202);
    await insert(1, { of });
    expect(await refusal({ filter: own, token: second.token }, of.consumerKey)).toMatchObject({
      status: 409,
      code: "preview_changed",
      detail: expect.stringContaining("51") as string,
    });
    // What came after the preview is not in its window.
    const third = await preview(own, of.consumerKey);
    await insert(60, { of, hours: 0 });
    expect((await start({ filter: own, token: third.token }, of.consumerKey)).status).toBe(202);
  });
});

test("recoveries are listed to who sees them, newest first", async () => {
  const of = await makeTenant(api, "listed");
  const filter = { since: hoursAgo(5) };
  const ids: unknown[] = [];
  for (let index = 0; index < 3; index++)
    ids.push(
      (await start({ filter, token: (await preview(filter, of.consumerKey)).token }, of.consumerKey)).body["id"],
    );
  const list = async (query: string, key: string) =>
    (await api.call<{ data: { id: string }[]; next: string | null }>("GET", `/v1/recoveries?${query}`, { key })).body;
  expect((await list("", of.consumerKey)).data.map(({ id }) => id)).toEqual(ids.reverse());
  expect((await list("", other.consumerKey)).data).toEqual([]);
  expect((await list("", of.providerKey)).data).toEqual([]);
  const page = await list("limit=2&status=running", of.consumerKey);
  expect(page.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  expect((await list(`limit=2&cursor=${page.next ?? ""}`, of.consumerKey)).data.map(({ id }) => id)).toEqual(
    ids.slice(2),
  );
  expect((await list("status=done", of.consumerKey)).data).toEqual([]);
  expect(await api.problem("GET", "/v1/recoveries?status=lost")).toMatchObject({ status: 400 });
});

test("pause, resume and cancel reach the workflow and are on record; what has ended is not paused", async () => {
  const filter = { since: hoursAgo(5) };
  const { body } = await start({ filter, token: (await preview(filter)).token });
  const id = String(body["id"]);
  const act = (name: string) => api.call("POST", `/v1/recoveries/${id}/${name}`, { key: tenant.consumerKey });
  for (const [name, status] of [
    ["pause", "paused"],
    ["resume", "running"],
    ["cancel", "cancelled"],
  ] as const) {
    expect(await act(name)).toMatchObject({ status: 202, body: { id, status } });
    expect((await api.call("GET", `/v1/recoveries/${id}`, { key: tenant.consumerKey })).body).toMatchObject({ status });
  }
  const { events } = await api.client.workflow.getHandle(`recovery/${id}`).fetchHistory();
  expect((events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? [])).toEqual([
    "pause",
    "resume",
    "cancel",
  ]);
  for (const name of ["pause", "resume", "cancel"])
    expect(await api.problem("POST", `/v1/recoveries/${id}/${name}`, { key: tenant.consumerKey })).toMatchObject({
      status: 409,
      code: "recovery_ended",
    });
  for (const name of ["pause", "resume", "cancel"])
    expect(await api.problem("POST", `/v1/recoveries/${id}/${name}`, { key: other.consumerKey })).toMatchObject({
      status: 404,
    });
  const acts = (await api.call<{ data: { action: string }[] }>("GET", `/v1/audit?subject=${id}`)).body.data.map(
    ({ action }) => action,
  );
  expect(acts).toEqual(["recovery.cancel", "recovery.resume", "recovery.pause", "recovery.start"]);
});
