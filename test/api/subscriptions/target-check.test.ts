import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type CertificateAuthority, createCertificateAuthority } from "../../support/certificates.js";
import { type Receiver, startReceiver } from "../../support/receiver.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
let receiver: Receiver;
let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await createCertificateAuthority();
  receiver = await startReceiver({ tls: await authority.issue() });
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    guard: { allowLocal: true },
  });
  tenant = await makeTenant(api, "checks");
});
afterAll(async () => {
  await api?.close();
  await receiver?.close();
});

interface View {
  ok: boolean;
  steps: { step: string; state: string; code: string; explanation: string; todo?: string }[];
  certificates?: { subject: string; daysLeft: number }[];
}
const check = (body: unknown, key: string) => api.call<View>("POST", "/v1/targets/check", { body, key });
const newConsumer = async () => (await api.key({ role: "consumer", groupId: tenant.groupId })).token;

test("with the authority of a subscription it passes, and without it does not", async () => {
  const key = await newConsumer();
  const made = await api.call("POST", "/v1/subscriptions", {
    key,
    body: { url: receiver.url, eventTypes: [tenant.eventType], tls: { ca: authority.ca } },
  });
  const subscriptionId = String(made.body["id"]);
  const found = await check({ url: receiver.url, subscriptionId }, key);
  expect(found.status, found.text).toBe(200);
  expect(found.body).toMatchObject({ ok: true, tlsProtocol: "TLSv1.3" });
  expect(found.body.certificates?.[0]?.daysLeft).toBeGreaterThan(1);
  const without = await check({ url: receiver.url }, key);
  expect(without.body.steps.find(({ state }) => state === "failed")).toMatchObject({
    step: "certificate",
    code: "tls_untrusted",
    todo: expect.stringContaining("authority") as string,
  });
  expect(receiver.requests).toEqual([]);
  const other = await makeTenant(api, "others");
  expect((await check({ url: receiver.url, subscriptionId }, other.consumerKey)).status).toBe(404);
});

test("the audit names the host and the outcome, and not the URL", async () => {
  const { id, token } = await api.key({ role: "provider" });
  await check({ url: `${receiver.url}?token=canary` }, token);
  const audit = await api.call<{ data: object[] }>("GET", `/v1/audit?actor=key:${id}&action=target.check`);
  expect(audit.body.data).toMatchObject([{ subject: "localhost", detail: { outcome: "tls_untrusted" } }]);
  expect(audit.text).not.toContain("canary");
});

test("five a minute are made for a person, and another person has five of its own", async () => {
  const url = "https://user:word@limited.sealpost.dev/";
  const [first, second] = [await newConsumer(), await newConsumer()];
  for (const key of [first, second]) {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await check({ url }, key)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  }
  const refused = await api.problem("POST", "/v1/targets/check", { body: { url }, key: first });
  expect(refused).toMatchObject({ status: 429, code: "rate_limited" });
  expect(refused.detail).toContain("one person");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
});

test.each([["operator"], ["auditor"]])("an %s may not", async (role) => {
  const { token } = await api.key({ role });
  expect((await check({ url: receiver.url }, token)).status).toBe(403);
});

test.each([[{}], [{ url: "file:///etc/passwd" }], [{ url: "https://8.8.8.8/", body: "x" }]])(
  "%j is refused before anything is called",
  async (body) => {
    expect((await check(body, await newConsumer())).status).toBe(400);
  },
);
