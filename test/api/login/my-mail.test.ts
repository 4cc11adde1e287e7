import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { readerOf } from "../../../src/catalogue/notices/mail-address.js";
import { createBrowser, makeCompany } from "../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "mail");
  await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["hooks"] } });
});
afterAll(() => api?.close());

test("a person switches notices by mail on and off, and a later log-in renews what decides about them", async () => {
  const company = await makeCompany(api, { groupIds: [tenant.groupId] });
  const browser = createBrowser(api.url);
  await company.logIn(browser, { nameId: "ann", groups: ["hooks"] });
  const id = api.store.people.idOf(company.connection.id, "ann");
  const off = { wanted: false, sent: false, address: "ann@example.com" };
  expect((await browser.call("GET", "/v1/me/mail")).json).toEqual(off);
  expect((await browser.call("PUT", "/v1/me/mail", { wanted: true })).json).toEqual({ ...off, wanted: true });
  expect(await api.store.mailReaders.get(id)).toMatchObject({ email: "ann@example.com", groups: ["hooks"] });
  expect((await browser.call("PUT", "/v1/me/mail", { wanted: true, language: "fr" })).json).toMatchObject({
    language: "fr",
  });
  expect((await browser.call("PUT", "/v1/me/mail", { wanted: true })).json).toMatchObject({ language: "fr" });
  expect((await browser.call("PUT", "/v1/me/mail", { wanted: true, language: "xx" })).status).toBe(400);
  const again = createBrowser(api.url);
  await company.logIn(
    again,
    { nameId: "ann", groups: [] },
    {
      attributes: [
        ["groups", ["hooks", "more"]],
        ["email", ["ann@new.example.com"]],
      ],
    },
  );
  expect(await api.store.mailReaders.get(id)).toMatchObject({
    email: "ann@new.example.com",
    groups: ["hooks", "more"],
    language: "fr",
  });
  await api.store.mail.stop(readerOf(api.store, "ann@new.example.com"), "unsubscribed");
  expect((await again.call("GET", "/v1/me/mail")).json).toMatchObject({ wanted: false });
  await again.call("PUT", "/v1/me/mail", { wanted: true });
  expect((await again.call("GET", "/v1/me/mail")).json).toMatchObject({ wanted: true });
  await again.call("PUT", "/v1/me/mail", { wanted: false });
  expect(await api.store.mailReaders.has(id)).toBe(false);
  expect(JSON.stringify((await api.store.audit.list({ limit: 100 })).data)).not.toContain("example.com");
});

test("a key gets no mail", async () => {
  expect((await api.call("GET", "/v1/me/mail")).body).toEqual({ wanted: false, sent: false });
  expect(await api.problem("PUT", "/v1/me/mail", { body: { wanted: true } })).toMatchObject({ code: "forbidden" });
});
