import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createRequestHeaders } from "../../../src/endpoint/request-headers.js";
import type { Attempt } from "../../../src/store/model.js";
import { newId } from "../../../src/store/ids.js";
import { parkedDelivery, recordedEvent } from "../recorded.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

const URL_WITH_QUERY = "https://8.8.8.8/hook?token=kingfisher";
let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "signature");
  const changed = await api.call("PATCH", `/v1/subscriptions/${tenant.subscriptionId}`, {
    body: { url: URL_WITH_QUERY, signing: { schemes: ["v1", "rfc9421"] } },
  });
  expect(changed.status, changed.text).toBe(200);
});
afterAll(() => api?.close());

/** A delivery whose attempts were sent as a worker sends them. */
async function sent(payload: Buffer = Buffer.from('{"amount":12}'), attempts = 1) {
  const subscription = await api.store.subscriptions.get(tenant.subscriptionId);
  if (!subscription) throw new Error("There is no subscription.");
  const eventId = newId("evt");
  await api.store.events.insertMany([recordedEvent(tenant, eventId, payload)]);
  const headersOf = createRequestHeaders({ version: "1" });
  const event = { id: eventId, type: tenant.eventType, contentType: "application/json", bytes: payload };
  const made = Array.from({ length: attempts }, (_, index): Attempt => {
    const at = new Date(Date.now() - (attempts - index) * 1_000);
    const { recorded: requestHeaders } = headersOf({ event, subscription, number: index + 1 }, at);
    const detail = { url: URL_WITH_QUERY, requestHeaders };
    return { number: index + 1, at, outcome: "http_4xx", status: 401, durationMs: 9, detail };
  });
  const delivery = { ...parkedDelivery(tenant, eventId), attempts: made, attemptCount: attempts };
  await api.store.deliveries.insertMany([delivery]);
  return { id: delivery.id, eventId, timestamps: made.map(({ at }) => Math.floor(at.getTime() / 1_000)) };
}

interface Answer extends Record<string, unknown> {
  attempt: number;
  signatures: { scheme: string; result: string; keyid?: string; secretPrefix?: string; signed?: number }[];
  signed?: { text: string; encoding: string; size: number }[];
}
const read = (id: string, { query = "", key = tenant.consumerKey } = {}) =>
  api.call<Answer>("GET", `/v1/deliveries/${id}/signature${query}`, { key });

describe("the signature of an attempt", () => {
  test("is made again from the bytes that were signed, which are shown, and the secret is not", async () => {
    const { id, eventId, timestamps } = await sent();
    const answer = await read(id);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({
      attempt: 1,
      signatures: [
        { scheme: "v1", result: "matches", secretPrefix: `${tenant.secret.slice(0, 8)}…`, signed: 0 },
        { scheme: "rfc9421", label: "sealpost", result: "matches", signed: 1 },
      ],
    });
    const text = `${eventId}.${timestamps[0]}.{"amount":12}`;
    expect(answer.body.signed?.[0]).toEqual({ text, encoding: "utf8", size: Buffer.byteLength(text) });
    expect(answer.body.signed?.[1]?.text).toContain(`"@target-uri": ${URL_WITH_QUERY}\n`);
    const stored = await api.store.subscriptions.get(tenant.subscriptionId);
    for (const secret of [tenant.secret.slice(8), stored?.keys?.[0]?.privateKey])
      expect(answer.text).not.toContain(secret);
  });

  test("is that of the newest attempt, or of the one that is asked for", async () => {
    const { id, timestamps } = await sent(Buffer.from("{}"), 3);
    expect((await read(id)).body.attempt).toBe(3);
    const first = await read(id, { query: "?attempt=1" });
    expect(first.body.attempt).toBe(1);
    expect(first.body.signed?.[0]?.text).toContain(`.${timestamps[0]}.`);
    expect(await read(id, { query: "?attempt=4" })).toMatchObject({ status: 404, body: { code: "not_found" } });
    for (const query of ["?attempt=0", "?attempt=x", "?attempt=1&more=1"])
      expect((await read(id, { query })).status, query).toBe(400);
  });

  test("of bytes that are no text is in base64", async () => {
    const { id } = await sent(Buffer.from([0xff, 0x00, 0xfe]));
    const { body } = await read(id);
    expect(body.signatures[0]).toMatchObject({ result: "matches" });
    expect(body.signed?.[0]?.encoding).toBe("base64");
    expect(Buffer.from(body.signed?.[0]?.text ?? "", "base64").subarray(-3)).toEqual(Buffer.from([0xff, 0x00, 0xfe]));
  });
});

describe("who reads it", () => {
  test("an operator sees the URL without its query, and the read is in the audit", async () => {
    const { id } = await sent();
    const { body, text } = await read(id, { key: (await api.key({ role: "operator" })).token });
    expect(body.signatures.map(({ result }) => result)).toEqual(["matches", "matches"]);
    expect(text).not.toContain("kingfisher");
    const { data } = await api.store.audit.list({ limit: 250 }, { action: "content.read" });
    expect(JSON.stringify(data)).toContain(id);
  });

  test("an auditor sees the result and no content", async () => {
    const { id } = await sent();
    const { status, body, text } = await read(id, { key: (await api.key({ role: "auditor" })).token });
    expect([status, body.signatures.map(({ result }) => result)]).toEqual([200, ["matches", "matches"]]);
    expect(body).not.toHaveProperty("signed");
    expect(text).not.toMatch(/amount|kingfisher|"signature"/);
  });

  test("another group does not find it", async () => {
    const { id } = await sent();
    const other = await makeTenant(api, "signature.other");
    for (const key of [other.consumerKey, other.providerKey])
      expect(await read(id, { key })).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});

test("an attempt without a record, and an erased payload, are told as erased", async () => {
  const bare = parkedDelivery(tenant, newId("evt"));
  await api.store.deliveries.insertMany([bare]);
  expect(await read(bare.id)).toMatchObject({ status: 410, body: { code: "erased" } });
  const { id, eventId } = await sent();
  await api.store.erasures.erase(`event/${eventId}`, "test");
  expect(await read(id)).toMatchObject({ status: 410, body: { code: "erased" } });
});

test("after its secret was rotated away it says so, and never that the signature is wrong", async () => {
  const { id } = await sent();
  const rotated = await api.call("POST", `/v1/subscriptions/${tenant.subscriptionId}/secret/rotate`, {
    body: { overlapSeconds: 0 },
  });
  expect(rotated.status, rotated.text).toBe(200);
  const { body } = await read(id);
  expect(body.signatures).toMatchObject([
    { scheme: "v1", result: "secret_gone" },
    { scheme: "rfc9421", result: "matches" },
  ]);
  expect(body.signatures[0]).not.toHaveProperty("secretPrefix");
});
