import { expect, test } from "vitest";
import { change, consumer, draft, api, setUpLife, tenant } from "./life-setup.js";

setUpLife();

const ABOUT = {
  name: "Ledger prod",
  description: "Books what customers pay",
  contacts: ["hooks@example.com", "Pia.Berg@example.com"],
  labels: { team: "billing", "example.com/stage": "prod" },
  externalId: "ledger-1",
};
const read = (id: string, key = tenant.consumerKey) => api.call("GET", `/v1/subscriptions/${id}`, { key });

test("is given, shown, changed and removed again", async () => {
  const { id } = await draft(ABOUT);
  expect((await read(id)).body).toMatchObject(ABOUT);
  const changed = await change(id, { description: "Books refunds", contacts: ["new@example.com"], labels: null });
  expect(changed.body).toMatchObject({
    name: "Ledger prod",
    description: "Books refunds",
    contacts: ["new@example.com"],
  });
  expect(changed.body).not.toHaveProperty("labels");
  const removed = await change(id, { name: null, description: null, contacts: null, externalId: null });
  expect(removed.status, removed.text).toBe(200);
  for (const field of ["description", "contacts", "labels", "externalId"])
    expect(removed.body).not.toHaveProperty(field);
});

test("a subscription without a name has that of its host, also when it is from before", async () => {
  const { id, url } = await draft();
  const host = new URL(String(url)).host;
  expect((await read(id)).body).toMatchObject({ name: host });
  expect((await change(id, { name: "Mine" })).body).toMatchObject({ name: "Mine" });
  expect((await change(id, { name: null })).body).toMatchObject({ name: host });
});

test.each([
  ["a name of 101 characters", { name: "n".repeat(101) }, "name"],
  ["six contacts", { contacts: [1, 2, 3, 4, 5, 6].map((i) => `a${i}@example.com`) }, "contacts"],
  ["no contact", { contacts: [] }, "contacts"],
  ["a contact twice", { contacts: ["a@example.com", "A@example.com"] }, "contacts"],
  ["a contact that is no address", { contacts: ["pia"] }, "contacts[0]"],
  ["a contact with a line break", { contacts: ["a@example.com\r\nBcc: b@example.com"] }, "contacts[0]"],
  ["21 labels", { labels: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`l${i}`, "x"])) }, "labels"],
  ["a label without text", { labels: { a: "" } }, "labels.a"],
  ["an external id with a slash", { externalId: "a/b" }, "externalId"],
  ["an external id with a colon", { externalId: "a:b" }, "externalId"],
  ["an external id of 129 characters", { externalId: "a".repeat(129) }, "externalId"],
])("%s is refused", async (_what, fields, path) => {
  const { id } = await draft();
  const problem = await api.problem("PATCH", `/v1/subscriptions/${id}`, { key: tenant.consumerKey, body: fields });
  expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
  expect(problem.errors?.map((error) => error.path)).toContain(path);
});

test("auditors see no contacts, and operators do", async () => {
  const { id } = await draft({ ...ABOUT, externalId: "for-roles" });
  const auditor = await read(id, (await api.key({ role: "auditor" })).token);
  expect(auditor.body).toMatchObject({ name: ABOUT.name, externalId: "for-roles" });
  expect(auditor.text).not.toContain('example.com"');
  expect(auditor.body).not.toHaveProperty("contacts");
  const operator = await read(id, (await api.key({ role: "operator" })).token);
  expect(operator.body).toMatchObject({ contacts: ABOUT.contacts });
});

test("a change of it needs no verification and no approval, whatever the status", async () => {
  const { id } = await draft();
  expect((await consumer(id, "verify")).body.status).toBe("verified");
  expect((await consumer(id, "submit")).body.status).toBe("submitted");
  expect((await change(id, { ...ABOUT, externalId: "kept" })).body).toMatchObject({ status: "submitted" });
  expect((await api.call("POST", `/v1/subscriptions/${id}/approve`, { key: tenant.providerKey })).status).toBe(200);
  expect((await change(id, { contacts: ["late@example.com"] })).body).toMatchObject({ status: "approved" });
  expect((await consumer(id, "resume")).body.status).toBe("active");
  const active = await change(id, { name: "In service", labels: { a: "b" }, externalId: null });
  expect(active.body).toMatchObject({ status: "active", name: "In service" });
  expect(active.body).not.toHaveProperty("needsVerification");
});

test("is in no entry of the audit", async () => {
  const { id } = await draft({ ...ABOUT, externalId: "in-audit" });
  await change(id, { contacts: ["audit-canary@example.com"] });
  const audit = await api.call("GET", `/v1/audit?subject=${id}`);
  expect(audit.text).toContain("subscription.change");
  for (const text of ["audit-canary", "Pia.Berg", "Books what"]) expect(audit.text).not.toContain(text);
});
