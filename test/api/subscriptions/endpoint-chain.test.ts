/** What an endpoint shows of certificates is read with the subscription: after an attempt, and after a check. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type CertificateAuthority, createCertificateAuthority } from "../../support/certificates.js";
import { type Receiver, startReceiver } from "../../support/receiver.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";
import { echo } from "./life-setup.js";

const WITHIN = { timeout: 60_000, interval: 50 };
let api: RunningApi;
let tenant: Tenant;
let authority: CertificateAuthority;
let receiver: Receiver;

beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: "Acme CA" });
  receiver = await startReceiver({ tls: await authority.issue() });
  receiver.respond = echo;
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    guard: { allowLocal: true },
  });
  tenant = await makeTenant(api, "shown");
});
afterAll(async () => {
  await api?.close();
  await receiver?.close();
});

interface Answer {
  endpoint?: { host: string; since: string; daysLeft: number; certificates: { sha256: string }[] };
}
const key = () => ({ key: tenant.consumerKey });
const draft = async (tls: object): Promise<string> => {
  const body = { url: receiver.url, eventTypes: [tenant.eventType], tls };
  const made = await api.call("POST", "/v1/subscriptions", { ...key(), body });
  expect(made.status, made.text).toBe(201);
  return String(made.body["id"]);
};
const read = async (id: string) =>
  (await api.call<Answer>("GET", `/v1/subscriptions/${id}/certificates`, key())).body.endpoint;

test("an attempt leaves what it saw, until the URL has another host", async () => {
  const id = await draft({ ca: authority.ca });
  expect(await read(id)).toBeUndefined();
  expect((await api.call("POST", `/v1/subscriptions/${id}/verify`, key())).status).toBe(200);
  await expect
    .poll(() => read(id), WITHIN)
    .toMatchObject({
      host: `localhost:${receiver.port}`,
      accepted: true,
      tlsProtocol: "TLSv1.3",
      certificates: [{ subject: "CN=localhost", issuer: "CN=Acme CA", serial: expect.any(String) as string }],
    });
  const shown = await read(id);
  expect(shown?.daysLeft).toBeGreaterThan(80);
  expect(shown?.certificates[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  const moved = await api.call("PATCH", `/v1/subscriptions/${id}`, { body: { url: "https://8.8.8.8/hook" } });
  expect(moved.status, moved.text).toBe(200);
  expect(await read(id)).toBeUndefined();
});

test("a handshake that failed leaves what was shown, and a check after the mend says that all is well", async () => {
  const id = await draft({});
  await api.call("POST", `/v1/subscriptions/${id}/verify`, key());
  await expect
    .poll(() => read(id), WITHIN)
    .toMatchObject({ accepted: false, certificates: [{ issuer: "CN=Acme CA" }] });
  expect(await read(id)).not.toHaveProperty("tlsProtocol");
  await api.call("PATCH", `/v1/subscriptions/${id}`, { ...key(), body: { tls: { ca: authority.ca } } });
  const check = { url: receiver.url, subscriptionId: id };
  expect((await api.call("POST", "/v1/targets/check", { ...key(), body: check })).body).toMatchObject({ ok: true });
  expect(await read(id)).toMatchObject({ accepted: true, tlsProtocol: "TLSv1.3" });
});

test("the check of another URL does not take its place", async () => {
  const id = await draft({ ca: authority.ca });
  const elsewhere = await startReceiver({ tls: await authority.issue() });
  const check = { url: elsewhere.url, subscriptionId: id };
  expect((await api.call("POST", "/v1/targets/check", { ...key(), body: check })).body).toMatchObject({ ok: true });
  expect(await read(id)).toBeUndefined();
  await elsewhere.close();
});
