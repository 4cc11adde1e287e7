/** A subscription's URL has one form, and the host's own letters stand beside it. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../../api/running-api.js";

let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    guard: { resolve: async () => [{ address: "8.8.8.8", family: 4 }] },
  });
  tenant = await makeTenant(api, "urls");
});
afterAll(() => api?.close());

interface View {
  id: string;
  url: string;
  urlUnicode?: string;
  urlWarnings?: string[];
  status: string;
  auth?: { tokenUrl: string };
}
const create = async (url: string, more: object = {}, key = api.adminKey) => {
  const answer = await api.call<View & Record<string, unknown>>("POST", "/v1/subscriptions", {
    key,
    body: { groupId: tenant.groupId, eventTypes: [tenant.eventType], url, ...more },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};

test.each([
  ["https://HOOKS.example.org/A/./b/../c?x='&y=%7e", "https://hooks.example.org/A/c?x=%27&y=%7e"],
  ["https://hooks.example.org", "https://hooks.example.org/"],
  ["https://hooks.example.org:443/x", "https://hooks.example.org/x"],
  ["https://hooks.example.org./x", "https://hooks.example.org/x"],
  ["https://hooks.example.org/x?", "https://hooks.example.org/x"],
  ["HTTPS://hooks.example.org/%41%2f", "https://hooks.example.org/%41%2f"],
  ["https://hooks.example.org/größe?q=ä", "https://hooks.example.org/gr%C3%B6%C3%9Fe?q=%C3%A4"],
  ["https://8.8.2056/x", "https://8.8.8.8/x"],
  ["https://[2001:4860:4860:0:0:0:0:8888]:8443/", "https://[2001:4860:4860::8888]:8443/"],
])("%s is stored and shown as %s", async (given, canonical) => {
  const { id, url } = await create(given, {
    auth: { type: "oauth2", tokenUrl: given, clientId: "c", clientSecret: "s" },
  });
  expect(url).toBe(canonical);
  expect(await api.store.subscriptions.get(id)).toMatchObject({ url: canonical, auth: { tokenUrl: canonical } });
  expect((await api.call("PATCH", `/v1/subscriptions/${id}`, { body: { url: given } })).body).toMatchObject({
    url: canonical,
    auth: { tokenUrl: canonical },
  });
});

test(
  "a host in other letters is shown in them, with a warning where it may be taken for another, " +
    "and as the URL is masked",
  async () => {
    const plain = await create("https://bücher.example.org/in?key=canary");
    expect(plain).toMatchObject({
      url: "https://xn--bcher-kva.example.org/in?key=canary",
      urlUnicode: "https://bücher.example.org/in?key=canary",
    });
    expect(plain).not.toHaveProperty("urlWarnings");
    const { id, ...mixed } = await create("https://p\u0430ypal.example.org:8443/in?key=canary");
    expect(mixed).toMatchObject({
      urlUnicode: "https://p\u0430ypal.example.org:8443/in?key=canary",
      urlWarnings: [expect.stringContaining("Latin, Cyrillic") as string],
    });
    const auditor = (await api.key({ role: "auditor" })).token;
    expect((await api.call("GET", `/v1/subscriptions/${id}`, { key: auditor })).body).toMatchObject({
      urlUnicode: "https://p\u0430ypal.example.org:8443/in?(secret)",
      urlWarnings: [expect.any(String) as string],
    });
    expect(await create("https://hooks.example.org/in")).not.toHaveProperty("urlUnicode");
  },
);

test("a name that looks like a host with a path is shown in ASCII alone, with a warning", async () => {
  const { id, ...shown } = await create("https://api.example.org\u2215hook.example.com/in\uff0fa");
  expect(shown).toMatchObject({
    url: expect.stringMatching(/^https:\/\/api\.example\.xn--[a-z0-9-]+\.example\.com\/in%EF%BC%8Fa$/) as string,
    urlWarnings: [expect.stringContaining("may be read as a slash") as string],
  });
  expect(shown).not.toHaveProperty("urlUnicode");
  expect((await api.store.subscriptions.get(id))?.url).toBe(shown.url);
  expect(await create("https://api.example.org\u3002evil.example.com/")).toMatchObject({
    url: "https://api.example.org.evil.example.com/",
  });
});

test("a URL of an earlier release is shown in its one form, and spelling it so is no new endpoint", async () => {
  const before = await api.store.subscriptions.get((await create("https://hooks.example.org/old")).id);
  if (!before) throw new Error("no subscription");
  const stored = { ...before, id: newId("sub"), url: "https://HOOKS.example.org.:443/a/../old?" };
  await api.store.subscriptions.insert(stored);
  await api.catalogue.refresh();
  expect((await api.call("GET", `/v1/subscriptions/${stored.id}`)).body).toMatchObject({
    url: "https://hooks.example.org/old",
    status: "active",
  });
  const changed = await api.call("PATCH", `/v1/subscriptions/${stored.id}`, {
    key: tenant.consumerKey,
    body: { url: "https://hooks.example.org/old" },
  });
  expect(changed.body).toMatchObject({ url: "https://hooks.example.org/old", status: "active" });
  expect(changed.body).not.toHaveProperty("needsVerification");
  const moved = await api.call("PATCH", `/v1/subscriptions/${stored.id}`, {
    key: tenant.consumerKey,
    body: { url: "https://hooks.example.org/new" },
  });
  expect(moved.body).toMatchObject({ status: "paused", needsVerification: true });
});
