/**
 * Preview, token and filter rules over HTTP. No worker runs: what a started recovery does is in
 * test/activities/recover.test.ts.
 */
import { describe, expect, test } from "vitest";
import { makeTenant } from "../running-api.js";
import {
  api,
  tenant,
  hoursAgo,
  insert,
  type Preview,
  preview,
  start,
  refusal,
  other,
  setUpRecoveries,
} from "./recoveries-setup.js";

setUpRecoveries();

/** Milliseconds since the epoch. What a test needs to be later, it sets. */
const DAY_MS = 86_400_000;

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
