import { expect, test } from "vitest";
import { makeTenant } from "../running-api.js";
import { api, create, input, setUpSubscriptions, tenant } from "./subscriptions-setup.js";

setUpSubscriptions();

const consumer = (): { key: string } => ({ key: tenant.consumerKey });

test("a path takes `ext:` and the external id for the id, in every method", async () => {
  const { id } = await create({ externalId: "billing" });
  const read = await api.call("GET", "/v1/subscriptions/ext:billing", consumer());
  expect(read.body).toMatchObject({ id, externalId: "billing" });
  const changed = await api.call("PATCH", "/v1/subscriptions/ext:billing", {
    ...consumer(),
    body: { name: "Billing" },
    headers: { "if-match": String(read.headers["etag"]) },
  });
  expect(changed.body, changed.text).toMatchObject({ id, name: "Billing" });
  const outdated = await api.problem("PATCH", "/v1/subscriptions/ext:billing", {
    ...consumer(),
    body: { name: "Again" },
    headers: { "if-match": String(read.headers["etag"]) },
  });
  expect(outdated).toMatchObject({ status: 412, code: "changed_meanwhile" });
  for (const part of ["health", "certificates"])
    expect((await api.call("GET", `/v1/subscriptions/ext:billing/${part}`, consumer())).status).toBe(200);
  const paused = await api.call("POST", "/v1/subscriptions/ext:billing/pause", consumer());
  expect(paused.body).toMatchObject({ id, status: "paused" });
  // The audit names the subscription and not what it was called.
  const audit = await api.call<{ data: { subject: string }[] }>("GET", `/v1/audit?subject=${id}`);
  expect(audit.body.data.length).toBeGreaterThan(2);
  expect((await api.call("GET", "/v1/audit?subject=ext:billing")).body).toMatchObject({ data: [] });
  expect((await api.call("DELETE", "/v1/subscriptions/ext:billing", consumer())).status).toBe(204);
  expect((await api.problem("GET", "/v1/subscriptions/ext:billing", consumer())).code).toBe("not_found");
});

test("is refused if another subscription of the group has it, and nothing is changed", async () => {
  await create({ externalId: "taken" });
  const before = (await api.call("GET", "/v1/subscriptions?limit=250", consumer())).body["data"] as object[];
  const problem = await api.problem("POST", "/v1/subscriptions", { body: input({ externalId: "taken" }) });
  expect(problem).toMatchObject({ status: 409, code: "external_id_taken" });
  const { id } = await create();
  const change = { body: { name: "Not this", externalId: "taken" } };
  expect((await api.problem("PATCH", `/v1/subscriptions/${id}`, change)).code).toBe("external_id_taken");
  const read = await api.call("GET", `/v1/subscriptions/${id}`);
  expect(read.body).toMatchObject({ name: "8.8.8.8" });
  expect(read.body).not.toHaveProperty("externalId");
  const after = (await api.call("GET", "/v1/subscriptions?limit=250", consumer())).body["data"] as object[];
  expect(after).toHaveLength(before.length + 1);
});

test("another group's is not found, and who sees both must name the group", async () => {
  const { id } = await create({ externalId: "shared" });
  const other = await makeTenant(api, "elsewhere");
  const foreign = await api.problem("GET", "/v1/subscriptions/ext:shared", { key: other.consumerKey });
  expect(foreign.code).toBe("not_found");
  const made = await api.call("PATCH", `/v1/subscriptions/${other.subscriptionId}`, { body: { externalId: "shared" } });
  expect(made.status, made.text).toBe(200);
  expect((await api.call("GET", "/v1/subscriptions/ext:shared", consumer())).body["id"]).toBe(id);
  const ambiguous = await api.problem("GET", "/v1/subscriptions/ext:shared");
  expect(ambiguous).toMatchObject({ status: 400, code: "invalid_request" });
  expect(ambiguous.errors?.[0]).toMatchObject({ path: "path.id" });
  for (const [groupId, expected] of [
    [tenant.groupId, id],
    [other.groupId, other.subscriptionId],
  ])
    expect((await api.call("GET", `/v1/subscriptions/ext:${groupId}:shared`)).body["id"]).toBe(expected);
  const wrongGroup = `/v1/subscriptions/ext:${other.groupId}:shared`;
  expect((await api.problem("GET", wrongGroup, consumer())).code).toBe("not_found");
});

test.each(["ext:", "ext:a/b", "ext:a b", "ext:grp_1:a", "billing", `ext:${"a".repeat(129)}`])(
  "%s is no subscription",
  async (reference) => {
    const path = `/v1/subscriptions/${encodeURIComponent(reference)}`;
    expect(await api.problem("GET", path)).toMatchObject({ status: 404, code: "not_found" });
  },
);

test("another process finds it at once, and no longer where it was", async () => {
  const { id } = await create({ externalId: "moves" });
  const other = await create();
  // As another process writes: this one's memory does not know it yet.
  await api.store.subscriptions.update(id, ({ externalId: _moved, ...rest }) => rest);
  await api.store.subscriptions.update(other.id, (item) => ({ ...item, externalId: "moves" }));
  expect((await api.call("GET", "/v1/subscriptions/ext:moves")).body["id"]).toBe(other.id);
});
