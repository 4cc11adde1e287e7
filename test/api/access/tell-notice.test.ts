/** Which acts over HTTP are told, and what is told of them. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { Subscription } from "../../../src/store/model.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import { startApi, type RunningApi } from "../running-api.js";

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
});
afterAll(() => api?.close());

const post = async (path: string, body?: unknown, key = api.adminKey) => {
  const answer = await api.call<{ id: string }>("POST", path, { key, ...(body !== undefined && { body }) });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.body;
};
/** What was told since the last time. Telling is beside the answer, so it is waited for. */
async function told(count: number): Promise<Notice[]> {
  const due = () => api.store.notices.due(100, new Date(Date.now() + 3_600_000));
  await expect.poll(async () => (await due()).length, { timeout: 60_000 }).toBe(count);
  const notices = await due();
  await api.store.notices.settle(notices.map(({ id }) => id));
  return notices;
}

it("the life of a subscription, its secret and its grants", async () => {
  const { id: apiId } = await post("/v1/apis", { name: "Payments", listed: true });
  await post("/v1/event-types", { name: "payments.made", apiId });
  await post("/v1/event-types", { name: "payments.more", apiId });
  const { id: groupId } = await post("/v1/groups", { name: "Consumers" });
  const { token } = await api.key({ role: "consumer", groupId });
  const request = await post(
    "/v1/grant-requests",
    { grant: apiId, reason: "see https://user:secret@x.example/" },
    token,
  );
  expect(await told(1)).toMatchObject([
    { kind: "grant.requested", groupId, apiId, subject: request.id, detail: { grant: apiId } },
  ]);
  await post(`/v1/grant-requests/${request.id}/approve`);
  expect(await told(1)).toMatchObject([{ kind: "grant.approved", groupId, subject: request.id }]);
  const { id: otherApi } = await post("/v1/apis", { name: "Accounts", listed: true });
  const other = await post("/v1/grant-requests", { grant: otherApi, reason: "for the ledger" }, token);
  await post(`/v1/grant-requests/${other.id}/refuse`, { reason: "no contract" });
  expect(await told(2)).toMatchObject([
    { kind: "grant.requested", subject: other.id },
    { kind: "grant.refused", groupId, apiId: otherApi, subject: other.id, reason: "no contract" },
  ]);

  const made = await post("/v1/subscriptions", { url: "https://8.8.8.8/hook", eventTypes: ["payments.made"] }, token);
  const path = `/v1/subscriptions/${made.id}`;
  await api.store.subscriptions.update(made.id, (current) => ({ ...current, status: "verified" }));
  await post(`${path}/submit`, { reason: "please" }, token);
  const about = { groupId, subscriptionId: made.id };
  expect(await told(1)).toMatchObject([{ kind: "subscription.submitted", ...about, reason: "please" }]);
  await post(`${path}/reject`, { reason: "wrong host https://user:secret@x.example/" });
  const [rejected] = await told(1);
  expect(rejected).toMatchObject({ kind: "subscription.rejected", ...about });
  expect(JSON.stringify(rejected)).not.toContain("secret");
  await api.store.subscriptions.update(made.id, (current) => ({ ...current, status: "submitted" }));
  await post(`${path}/approve`, { activate: true });
  expect(await told(1)).toMatchObject([{ kind: "subscription.approved", ...about }]);
  await post(`${path}/pause`, { reason: "maintenance" }, token);
  expect(await told(1)).toMatchObject([{ kind: "subscription.paused", reason: "maintenance" }]);
  await post(`${path}/pause`, {}, token);
  await post(`${path}/resume`, {}, token);
  expect(await told(1)).toMatchObject([{ kind: "subscription.reinstated", detail: { status: "active" } }]);
  await post(`${path}/suspend`, { reason: "unpaid" });
  await post(`${path}/reinstate`, {});
  expect((await told(2)).map(({ kind }) => kind)).toEqual(["subscription.paused", "subscription.reinstated"]);
  // The service takes the step. What it tells of that is a test of the breaker's.
  const disabled: Partial<Subscription> = { status: "disabled", health: { state: "disabled", since: new Date() } };
  await api.store.subscriptions.update(made.id, (current) => ({ ...current, ...disabled }));
  await post(`${path}/resume`, {}, token);
  const [reinstated] = await told(1);
  expect(reinstated).toMatchObject({ kind: "subscription.reinstated", ...about, detail: { status: "active" } });
  expect(reinstated?.reason).toContain("One delivery goes first");
  await post(`${path}/secret/rotate`, { overlapSeconds: 3_600 }, token);
  const [rotated] = await told(1);
  expect(rotated).toMatchObject({ kind: "secret.rotated", ...about });
  expect(Object.keys(rotated?.detail ?? {})).toEqual(["endsAt"]);
  const change = { eventTypes: ["payments.made", "payments.more"] };
  expect((await api.call("PATCH", path, { key: token, body: change })).status).toBe(200);
  expect(await told(1)).toMatchObject([{ kind: "subscription.submitted", ...about }]);
});

it("an approval that nobody waits for is no submission", async () => {
  const { id: apiId } = await post("/v1/apis", { name: "Automatic", approval: "automatic" });
  await post("/v1/event-types", { name: "automatic.made", apiId });
  const { id: groupId } = await post("/v1/groups", { name: "Automatic", grants: [apiId] });
  const { token } = await api.key({ role: "consumer", groupId });
  const made = await post("/v1/subscriptions", { url: "https://8.8.8.8/hook", eventTypes: ["automatic.made"] }, token);
  await api.store.subscriptions.update(made.id, (current) => ({ ...current, status: "verified" }));
  await post(`/v1/subscriptions/${made.id}/submit`, {}, token);
  expect((await told(1)).map(({ kind }) => kind)).toEqual(["subscription.approved"]);
});
