/** Whoever writes to the database knocks at the API: nothing that was written there by hand gives anything. */
import { Binary, type Collection, MongoClient } from "mongodb";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import { newApiKey } from "../../../src/api/access/authenticate.js";
import { watchGrants } from "../../../src/workers/watch/grants-watch.js";
import { type Company, createBrowser, makeCompany } from "../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

type Row = Record<string, unknown> & { _id: string };
let api: RunningApi;
/** Another process over the same database. */
let other: RunningApi;
let client: MongoClient;
let tenant: Tenant;
let company: Company;
const raw = (name: string): Collection<Row> => client.db(api.database).collection<Row>(name);

beforeAll(async () => {
  const options = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
  api = await startApi(options);
  other = await startApi({
    ...options,
    beside: api,
    settings: { publicUrl: api.url, environmentAdminKeyHash: api.store.blindIndex("admin-key", api.adminKey) },
  });
  client = await new MongoClient(inject("mongodbUrl")).connect();
  tenant = await makeTenant(api, "grants");
  await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["hooks"] } });
  company = await makeCompany(api, { groupIds: [tenant.groupId], roles: [{ samlGroup: "ops", role: "operator" }] });
});
afterAll(async () => {
  await client?.close();
  await other?.close();
  await api?.close();
});

/** Every process reads its keys and groups anew, as after any change. */
async function readAnew(): Promise<void> {
  await client
    .db(api.database)
    .collection<{ _id: string; version: number }>("changes")
    .updateOne({ _id: "catalogue" }, { $inc: { version: 1 } });
  await Promise.all([api.catalogue.refresh(), other.catalogue.refresh()]);
}
const statusOf = async (token: string, path = "/v1/apis") => [
  (await api.call("GET", path, { key: token })).status,
  (await other.call("GET", path, { key: token })).status,
];
async function loggedIn(groups: string[], nameId: string) {
  const browser = createBrowser(api.url);
  const answer = await company.logIn(browser, { nameId, groups });
  expect(answer.status, answer.text).toBe(303);
  return browser;
}

describe("a key in the database", () => {
  test("that somebody inserted with a secret of their own, is unknown", async () => {
    const { id, token, hash } = newApiKey(api.store);
    await raw("apiKeys").insertOne({
      _id: id,
      name: "mine",
      role: "admin",
      hash: new Binary(hash),
      createdAt: new Date(),
      version: 1,
    });
    await readAnew();
    expect(await statusOf(token)).toEqual([401, 401]);
  });

  test("that was given another role, other scopes or another hash, is unknown until it is put right", async () => {
    const { id, token } = await api.key({ role: "auditor" });
    const before = (await raw("apiKeys").findOne({ _id: id })) as Row;
    for (const change of [
      { role: "admin" },
      { scopes: ["keys:write"] },
      { hash: new Binary(Buffer.alloc(32)) },
      { expiresAt: new Date(Date.now() + 1e9) },
    ]) {
      await raw("apiKeys").updateOne({ _id: id }, { $set: change });
      await readAnew();
      expect(await statusOf(token), JSON.stringify(change)).toEqual([401, 401]);
      await raw("apiKeys").replaceOne({ _id: id }, before);
    }
    await readAnew();
    expect(await statusOf(token)).toEqual([200, 200]);
  });

  test("that was revoked or rotated, does not come back with its old row", async () => {
    const revoked = await api.key({ role: "admin" });
    const rotated = await api.key({ role: "admin" });
    const rows = await raw("apiKeys")
      .find({ _id: { $in: [revoked.id, rotated.id] } })
      .toArray();
    await api.call("DELETE", `/v1/api-keys/${revoked.id}`);
    const next = (
      await api.call<{ key: string }>("POST", `/v1/api-keys/${rotated.id}/rotate`, { body: { overlapSeconds: 0 } })
    ).body.key;
    for (const row of rows) await raw("apiKeys").replaceOne({ _id: row._id }, row);
    await readAnew();
    expect(await statusOf(revoked.token)).toEqual([401, 401]);
    expect(await statusOf(rotated.token)).toEqual([401, 401]);
    // What the ledger has decided is put right by whoever reads it.
    expect(await statusOf(next)).toEqual([200, 200]);
  });
});

describe("a person", () => {
  test("gains no group by a group's row that was changed", async () => {
    const stranger = createBrowser(api.url);
    await raw("groups").updateOne({ _id: tenant.groupId }, { $set: { samlGroups: ["hooks", "nobodies"] } });
    await readAnew();
    expect((await company.logIn(stranger, { nameId: "stranger", groups: ["nobodies"] })).status).toBe(403);
    await raw("groups").updateOne({ _id: tenant.groupId }, { $set: { samlGroups: ["hooks"] } });
    await readAnew();
    expect((await company.logIn(createBrowser(api.url), { nameId: "member", groups: ["hooks"] })).status).toBe(303);
  });

  test("gains no role by a connection's row that was changed, neither at a log-in nor in a session", async () => {
    const browser = await loggedIn(["hooks", "ops"], "worker");
    expect((await browser.call("GET", "/v1/me")).json).toMatchObject({ roles: ["consumer", "operator"] });
    const id = company.connection.id;
    const before = (await raw("samlConnections").findOne({ _id: id })) as Row;
    await raw("samlConnections").updateOne({ _id: id }, { $set: { roles: [{ samlGroup: "hooks", role: "admin" }] } });
    await expect.poll(async () => (await browser.call("GET", "/v1/me")).status, { interval: 200 }).toBe(401);
    expect((await createBrowser(api.url).get(`/saml/login?connection=${id}`)).status).toBe(404);
    await raw("samlConnections").replaceOne({ _id: id }, before);
    await expect.poll(async () => (await browser.call("GET", "/v1/me")).status, { interval: 200 }).not.toBe(500);
  });

  test("gains no role by a session that was moved to another company's connection", async () => {
    const rich = await makeCompany(api, { roles: [{ samlGroup: "hooks", role: "admin" }] });
    const browser = await loggedIn(["hooks"], "mover");
    const personId = String((await browser.call("GET", "/v1/me")).json["id"]).slice("person:".length);
    await raw("sessions").updateOne({ personId }, { $set: { connectionId: rich.connection.id } });
    await expect.poll(async () => (await browser.call("GET", "/v1/me")).status, { interval: 200 }).toBe(401);
  });
});

test("every refused row is told: in the log, by a metric and in the audit, once a minute", async () => {
  const lines: Record<string, unknown>[] = [];
  const metrics = createMetrics();
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const watch = watchGrants({ store: other.store, metrics, log, auditTally: other.auditTally });
  try {
    await raw("apiKeys").insertOne({ _id: "key_told", name: "mine", role: "admin", version: 1, createdAt: new Date() });
    for (let i = 0; i < 3; i++) await readAnew();
    expect(lines.filter(({ id }) => id === "key_told")).toMatchObject([
      { level: 50, collection: "apiKeys", why: "unsigned" },
    ]);
    expect(await metrics.registry.metrics()).toContain(
      'sealpost_grants_refused_total{collection="apiKeys",why="unsigned"}',
    );
    expect(await metrics.registry.metrics()).toContain("sealpost_grants_signed 1");
    await expect
      .poll(
        async () =>
          (await api.store.audit.list({ limit: 10 }, { action: "grant.refuse", subject: "apiKeys/key_told" })).data,
      )
      .toMatchObject([{ actor: "service", detail: { why: ["unsigned"] } }]);
    // A flood is counted together.
    await raw("apiKeys").insertMany(
      Array.from({ length: 80 }, (_, i) => ({ _id: `key_flood${i}`, version: 1, createdAt: new Date() })),
    );
    await readAnew();
    await expect
      .poll(
        async () =>
          (await api.store.audit.list({ limit: 250 }, { action: "grant.refuse", subject: "apiKeys/others" })).data
            .length,
      )
      .toBe(1);
    expect((await api.store.audit.list({ limit: 250 }, { action: "grant.refuse" })).data.length).toBeLessThanOrEqual(
      52,
    );
  } finally {
    watch.stop();
    await raw("apiKeys").deleteMany({
      _id: { $in: ["key_told", ...Array.from({ length: 80 }, (_, i) => `key_flood${i}`)] },
    });
  }
});
