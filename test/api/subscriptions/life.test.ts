import { describe, expect, test } from "vitest";
import { makeTenant } from "../running-api.js";
import {
  api,
  tenant,
  receiver,
  type View,
  echo,
  draft,
  act,
  consumer,
  change,
  otherApiKey,
  setUpLife,
} from "./life-setup.js";

setUpLife();

const provider = (id: string, name: string, body?: unknown) => act(id, name, tenant.providerKey, body);
const inService = async (more: Record<string, unknown> = {}): Promise<View> => {
  const { id } = await draft(more);
  for (const step of ["verify", "submit"]) expect((await consumer(id, step)).status).toBe(200);
  expect((await provider(id, "approve", { activate: true })).body.status).toBe("active");
  return (await api.call<View>("GET", `/v1/subscriptions/${id}`)).body;
};

describe("from draft to active", () => {
  test("each step is on record, and none can be left out", async () => {
    const { id, status, history } = await draft();
    expect({ status, history }).toEqual({ status: "draft", history: [] });
    for (const early of ["submit", "resume", "pause", "test"])
      expect(await api.problem("POST", `/v1/subscriptions/${id}/${early}`, { key: tenant.consumerKey })).toMatchObject({
        status: 409,
        code: "status_conflict",
      });
    expect(await consumer(id, "verify")).toMatchObject({
      status: 200,
      body: { status: "verified", verifiedAt: expect.any(String) as string },
    });
    expect((await consumer(id, "test")).status).toBe(202);
    expect((await consumer(id, "submit", { reason: "for our ledger" })).body.status).toBe("submitted");
    expect(await api.problem("POST", `/v1/subscriptions/${id}/approve`, { key: tenant.consumerKey })).toMatchObject({
      status: 403,
    });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/approve`, { key: otherApiKey })).toMatchObject({
      status: 404,
    });
    expect((await provider(id, "approve")).body.status).toBe("approved");
    const { body } = await consumer(id, "resume");
    expect(body.history.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ["approved", "active", undefined],
      ["submitted", "approved", undefined],
      ["verified", "submitted", "for our ledger"],
      ["draft", "verified", undefined],
    ]);
    // A consumer is told who of its own side it was, and of the provider's side the role alone.
    const who = (of: View) => of.history.map(({ role, by }) => [role, by?.replace(/_.*/, "")]);
    const [own, theirs] = [["consumer", "key:key"], ["provider"]];
    expect(who(body)).toEqual([own, [...theirs, undefined], own, own]);
    expect(who((await api.call<View>("GET", `/v1/subscriptions/${id}`)).body)).toEqual([
      own,
      [...theirs, "key:key"],
      own,
      own,
    ]);
    const audit = (
      await api.call<{ data: { action: string; subject: string }[] }>("GET", "/v1/audit?limit=100")
    ).body.data.filter(({ subject }) => subject === id);
    expect(audit.map(({ action }) => action.replace("subscription.", ""))).toEqual([
      "resume",
      "approve",
      "submit",
      "test",
      "verify",
      "create",
    ]);
  });

  test("a provider's own is active at once, or a draft on request; a consumer cannot ask for more", async () => {
    const body = { groupId: tenant.groupId, url: receiver.url, eventTypes: [tenant.eventType] };
    expect((await api.call("POST", "/v1/subscriptions", { key: tenant.providerKey, body })).body["status"]).toBe(
      "active",
    );
    expect(
      (
        await api.call("POST", "/v1/subscriptions", {
          key: tenant.providerKey,
          body: { ...body, initialStatus: "draft" },
        })
      ).body["status"],
    ).toBe("draft");
    expect(
      await api.problem("POST", "/v1/subscriptions", {
        key: tenant.consumerKey,
        body: { ...body, initialStatus: "active" },
      }),
    ).toMatchObject({ status: 403 });
  });

  test("a refused one says why, and is a draft again after a change", async () => {
    const { id } = await draft();
    for (const step of ["verify", "submit"]) await consumer(id, step);
    expect(
      await api.problem("POST", `/v1/subscriptions/${id}/reject`, { key: tenant.providerKey, body: {} }),
    ).toMatchObject({ status: 400, errors: [{ path: "reason" }] });
    expect((await provider(id, "reject", { reason: "sign the contract first" })).body).toMatchObject({
      status: "rejected",
      statusReason: "sign the contract first",
    });
    for (const step of ["verify", "submit", "resume"])
      expect(await api.problem("POST", `/v1/subscriptions/${id}/${step}`, { key: tenant.consumerKey })).toMatchObject({
        code: "status_conflict",
      });
    expect((await change(id, { name: "signed" })).body.status).toBe("draft");
  });

  test("an automatic api needs nobody", async () => {
    expect(
      (await api.call("PATCH", `/v1/apis/${tenant.apiId}`, { body: { approval: "automatic" } })).body,
    ).toMatchObject({ approval: "automatic" });
    const { id } = await draft();
    await consumer(id, "verify");
    const submitted = await consumer(id, "submit");
    await api.call("PATCH", `/v1/apis/${tenant.apiId}`, { body: { approval: "manual" } });
    expect(submitted.body).toMatchObject({
      status: "approved",
      history: [{ to: "approved", by: "service" }, { to: "submitted" }, { to: "verified" }],
    });
  });
});

describe("what the provider and the service stop", () => {
  test("a consumer cannot undo, and the suspension ends where it began", async () => {
    const { id } = await inService();
    expect((await provider(id, "suspend", { reason: "unpaid" })).body).toMatchObject({
      status: "suspended",
      statusReason: "unpaid",
    });
    const problem = await api.problem("POST", `/v1/subscriptions/${id}/resume`, { key: tenant.consumerKey });
    expect(problem).toMatchObject({
      status: 409,
      code: "status_conflict",
      detail: expect.stringMatching(/is suspended.*Possible now: .*reinstate/) as string,
    });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/reinstate`, { key: tenant.consumerKey })).toMatchObject({
      status: 403,
    });
    expect((await provider(id, "reinstate")).body.status).toBe("active");
  });
});

describe("a consumer's change in service", () => {
  test("a new URL is held until it is verified; a provider answers for its own", async () => {
    const { id } = await inService();
    expect((await change(id, { url: `${receiver.url}/new` })).body).toMatchObject({
      status: "paused",
      needsVerification: true,
    });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/resume`, { key: tenant.consumerKey })).toMatchObject({
      code: "status_conflict",
      detail: expect.stringMatching(/must be verified/) as string,
    });
    receiver.respond = () => ({ status: 200, body: "no" });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/verify`, { key: tenant.consumerKey })).toMatchObject({
      code: "verification_failed",
    });
    expect((await api.store.subscriptions.get(id))?.status).toBe("paused");
    receiver.respond = echo;
    expect((await consumer(id, "verify")).body).toMatchObject({ status: "active" });
    expect((await change(id, { url: `${receiver.url}/theirs` }, tenant.providerKey)).body).toMatchObject({
      status: "active",
    });
    expect((await change(id, { name: "only a name", rateLimit: { perSecond: 5, burst: 1 } })).body).toMatchObject({
      status: "active",
    });
  });

  test("further event types wait for approval, and those before go on", async () => {
    const further = `life.further${Date.now()}.made`;
    expect((await api.call("POST", "/v1/event-types", { body: { name: further, apiId: tenant.apiId } })).status).toBe(
      201,
    );
    const { id } = await inService();
    const asked = await change(id, { eventTypes: [tenant.eventType, further] });
    expect(asked.body).toMatchObject({
      status: "active",
      eventTypes: [tenant.eventType],
      requestedEventTypes: [tenant.eventType, further],
    });
    expect((await provider(id, "reject", { reason: "not yet" })).body).toMatchObject({
      status: "active",
      eventTypes: [tenant.eventType],
    });
    expect((await change(id, { eventTypes: [further] })).body).toMatchObject({
      eventTypes: [tenant.eventType],
      requestedEventTypes: [further],
    });
    const approved = (await provider(id, "approve")).body;
    expect(approved).toMatchObject({ status: "active", eventTypes: [further] });
    expect(approved).not.toHaveProperty("requestedEventTypes");
    expect(await api.problem("POST", `/v1/subscriptions/${id}/approve`, { key: tenant.providerKey })).toMatchObject({
      code: "status_conflict",
    });
  });

  test("an event type of another provider in it is not ours to decide, and nothing is changed", async () => {
    const foreign = await makeTenant(api, "foreign");
    const grants = [tenant.apiId, foreign.apiId];
    expect((await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { grants } })).status).toBe(200);
    const { id } = await inService();
    expect((await change(id, { eventTypes: [tenant.eventType, foreign.eventType] })).body).toMatchObject({
      status: "active",
      requestedEventTypes: [tenant.eventType, foreign.eventType],
    });
    const before = await api.store.subscriptions.get(id);
    for (const [name, body] of [
      ["reject", { reason: "no" }],
      ["approve", {}],
    ] as const) {
      expect(
        await api.problem("POST", `/v1/subscriptions/${id}/${name}`, { key: tenant.providerKey, body }),
      ).toMatchObject({ status: 403, code: "forbidden", detail: expect.stringMatching(/another provider/) as string });
    }
    expect(await api.store.subscriptions.get(id)).toEqual(before);
    expect((await act(id, "reject", api.adminKey, { reason: "not yet" })).body).toMatchObject({
      status: "active",
      eventTypes: [tenant.eventType],
    });
    await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { grants: [tenant.apiId] } });
  });

  test("before service, a change goes back as far as it must", async () => {
    const { id } = await draft();
    for (const step of ["verify", "submit"]) await consumer(id, step);
    expect((await change(id, { filter: "data.amount > 100" })).body.status).toBe("submitted");
    expect((await change(id, { url: `${receiver.url}/elsewhere` })).body.status).toBe("draft");
    expect((await api.store.subscriptions.get(id))?.verifiedAt).toBeUndefined();
  });
});
