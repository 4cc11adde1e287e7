/**
 * Wide recoveries wait for a second person: who may decide, what is counted anew, and that only one decision counts.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { api, beside, hoursAgo, insert, keyOf, other, preview, setUpRecoveries, tenant } from "./recoveries-setup.js";

setUpRecoveries({ recoveryReleaseAbove: 9, recoveryMost: 40 });

let pia: string;
let olga: string;
beforeAll(async () => {
  pia = await keyOf("pia", "operator");
  olga = await keyOf("olga", "operator");
});

interface Recovery {
  id: string;
  status: string;
  createdBy: string;
  release?: { until: string; own: boolean; decidedBy?: string; reason?: string };
}

interface Overview {
  needsYou: { recoveriesToRelease?: { count: number } };
}

/** Each test has an hour of its own, so that it counts its own deliveries. */
let hour = 3;
let window: { since: string; until: string };
beforeEach(() => {
  hour += 1;
  window = { since: hoursAgo(hour + 1), until: hoursAgo(hour) };
});
const seed = async (count: number): Promise<void> => {
  await insert(count / 2, { hours: hour + 0.5 });
  await insert(count / 2, { of: other, hours: hour + 0.5 });
};
async function wide(key = pia): Promise<Recovery> {
  const { token } = await preview(window, key);
  const answer = await api.call<Recovery>("POST", "/v1/recoveries", { key, body: { filter: window, token } });
  expect(answer.status, answer.text).toBe(202);
  return answer.body;
}
const decide = (id: string, act: "approve" | "refuse", key: string, by = api, reason = "checked") =>
  by.call<Recovery & { code?: string }>("POST", `/v1/recoveries/${id}/${act}`, { key, body: { reason } });
const workflowOf = (id: string) => api.client.workflow.getHandle(`recovery/${id}`).describe();

describe("a recovery of several groups above the limit", () => {
  test("waits, and begins when a second person releases it", async () => {
    await seed(10);
    expect(await preview(window, pia)).toMatchObject({ count: 10, needsRelease: true });
    const waiting = await wide();
    expect(waiting).toMatchObject({ status: "waiting", release: { own: true } });
    // Names of people are for those who may decide.
    const auditor = (await api.key({ role: "auditor" })).token;
    expect((await api.call("GET", `/v1/recoveries/${waiting.id}`, { key: auditor })).body).not.toHaveProperty(
      "createdByName",
    );
    const left = Date.parse(waiting.release?.until ?? "") - Date.now();
    expect(Math.abs(left - 86_400_000)).toBeLessThan(600_000);
    await expect(workflowOf(waiting.id)).rejects.toThrow(/not found/);
    expect((await api.call("GET", "/v1/recoveries?status=waiting", { key: olga })).body).toMatchObject({
      data: [{ id: waiting.id, createdByName: expect.any(String) as string, release: { own: false } }],
    });
    const toRelease = async (key: string) =>
      (await api.call<Overview>("GET", "/v1/overview", { key })).body.needsYou.recoveriesToRelease?.count;
    expect([await toRelease(olga), await toRelease(pia)]).toEqual([1, 0]);
    expect(await toRelease(tenant.providerKey)).toBeUndefined();
    const waits = (await api.store.notices.due(100)).filter(({ kind }) => kind === "recovery.waiting");
    expect(waits).toMatchObject([{ subject: waiting.id, detail: { deliveries: 10, until: waiting.release?.until } }]);
    const released = await decide(waiting.id, "approve", olga);
    expect(await toRelease(olga)).toBe(0);
    expect(released.status, released.text).toBe(202);
    expect(released.body).toMatchObject({ status: "running", release: { reason: "checked" } });
    expect((await workflowOf(waiting.id)).status.name).toBe("RUNNING");
    const [entry] = (await api.store.audit.list({ limit: 1 }, { subject: waiting.id })).data;
    expect(entry).toMatchObject({ action: "recovery.approve", detail: { count: 10, requestedBy: waiting.createdBy } });
    // The answer may have been lost. The same call changes nothing.
    expect(await decide(waiting.id, "approve", olga, beside)).toMatchObject({ status: 202 });
    expect(await decide(waiting.id, "refuse", olga)).toMatchObject({ status: 409 });
  });

  test("is not released by the one who asked, nor by a key that counts as that one", async () => {
    await seed(10);
    const waiting = await wide();
    const [second, admin] = [await keyOf("pia", "operator"), await keyOf("pia", "admin")];
    for (const key of [pia, second, admin])
      for (const act of ["approve", "refuse"] as const)
        expect(await decide(waiting.id, act, key), act).toMatchObject({
          status: 409,
          body: { code: "second_person_needed" },
        });
    for (const [key, status] of [
      [tenant.consumerKey, 403],
      [tenant.providerKey, 403],
      [(await api.key({ role: "auditor" })).token, 403],
    ] as const)
      expect((await decide(waiting.id, "approve", key)).status).toBe(status);
    expect((await decide(waiting.id, "refuse", olga, api, "")).status).toBe(400);
    const refused = await decide(waiting.id, "refuse", olga, api, "not before Monday");
    expect(refused.body).toMatchObject({ status: "refused", release: { reason: "not before Monday", own: false } });
    expect(await decide(waiting.id, "approve", olga)).toMatchObject({ status: 409, body: { code: "request_settled" } });
    await expect(workflowOf(waiting.id)).rejects.toThrow(/not found/);
  });

  test("is counted anew at the release, and refused when it has grown by more than a tenth", async () => {
    await seed(10);
    const waiting = await wide();
    await insert(1, { hours: hour + 0.5 });
    // As if it had been parked since the preview. Eleven are a tenth more, twelve are not.
    await insert(1, { of: other, hours: hour + 0.5 });
    expect(await decide(waiting.id, "approve", olga)).toMatchObject({ status: 409, body: { code: "preview_changed" } });
    expect((await api.store.recoveries.get(waiting.id))?.status).toBe("waiting");
  });

  test("ends by itself after 24 hours", async () => {
    await seed(10);
    const waiting = await wide();
    const recovery = await api.store.recoveries.get(waiting.id);
    if (!recovery) throw new Error("no recovery");
    const old = newId("rec");
    await api.store.recoveries.insert({ ...recovery, id: old, release: { until: new Date(Date.now() - 1) } });
    expect((await api.call("GET", `/v1/recoveries/${old}`, { key: olga })).body).toMatchObject({ status: "expired" });
    expect(await decide(old, "approve", olga)).toMatchObject({ status: 409, body: { code: "request_settled" } });
    const listed = async (status: string) =>
      (await api.call<{ data: Recovery[] }>("GET", `/v1/recoveries?status=${status}`, { key: olga })).body.data.map(
        (each) => each.id,
      );
    expect(await listed("expired")).toEqual([old]);
    expect(await listed("waiting")).not.toContain(old);
  });

  test("is taken back by a cancel, and cannot be paused before it has begun", async () => {
    await seed(10);
    const waiting = await wide();
    const act = (name: string) => api.call("POST", `/v1/recoveries/${waiting.id}/${name}`, { key: pia });
    expect(await act("pause")).toMatchObject({ status: 409, body: { code: "recovery_waiting" } });
    expect(await act("cancel")).toMatchObject({ status: 202, body: { status: "cancelled" } });
    expect(await decide(waiting.id, "approve", olga)).toMatchObject({ status: 409, body: { code: "request_settled" } });
  });

  test("takes one of two decisions that come at once", async () => {
    await seed(10);
    const waiting = await wide();
    const answers = await Promise.all([
      decide(waiting.id, "approve", olga),
      decide(waiting.id, "refuse", await keyOf("max", "admin"), beside),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    const { status } = (await api.store.recoveries.get(waiting.id)) ?? {};
    expect(status).toBe(answers[0]?.status === 202 ? "running" : "refused");
  });
});

describe("no second person is asked", () => {
  test("where one group is named, or not more match than the limit", async () => {
    await seed(18);
    expect(await preview({ ...window, groupId: tenant.groupId }, pia)).toMatchObject({ count: 9, needsRelease: false });
    expect(await preview({ ...window, groupId: other.groupId }, pia)).toMatchObject({ needsRelease: false });
    expect(await preview({ ...window, subscriptionId: tenant.subscriptionId }, pia)).toMatchObject({
      needsRelease: false,
    });
    expect(await preview({ ...window, eventType: tenant.eventType }, pia)).toMatchObject({
      count: 9,
      needsRelease: false,
    });
  });
});

test("more than a recovery may have is refused, with what to do", async () => {
  await insert(41, { hours: 1 });
  const answer = await api.problem("POST", "/v1/recoveries/preview", {
    key: pia,
    body: { filter: { since: hoursAgo(2) } },
  });
  expect(answer).toMatchObject({ status: 422, code: "recovery_too_wide" });
  expect(answer.detail).toMatch(/^More than 40 deliveries match\. Name a subscription/);
});

test("a cancel ends a recovery whose workflow is gone", async () => {
  await seed(2);
  const { id, status } = await wide();
  expect(status).toBe("running");
  await api.client.workflow.getHandle(`recovery/${id}`).terminate();
  expect(await api.call("POST", `/v1/recoveries/${id}/pause`, { key: pia })).toMatchObject({ status: 409 });
  expect(await api.call("POST", `/v1/recoveries/${id}/cancel`, { key: pia })).toMatchObject({
    status: 202,
    body: { status: "cancelled", error: "Its workflow was gone. What was handed over before goes on." },
  });
});
