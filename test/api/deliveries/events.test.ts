/** The payload of an event, read by itself: by those who see content, on record, and no more once it was erased. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { startApiWithAudit } from "../audit-away.js";
import { makeTenant, type RunningApi, type Tenant } from "../running-api.js";

interface ReadEvent {
  id: string;
  size: number;
  payload?: { contentType: string; body: string; encoding: string };
  expungedAt?: string;
}

let api: RunningApi;
let tenant: Tenant;
let away = false;
beforeAll(async () => {
  api = await startApiWithAudit(() => away);
  tenant = await makeTenant(api, "reading");
});
afterAll(() => api?.close());
afterEach(() => void (away = false));

const TEXT = '{ "canary": "4111" }';
/** An event whose payload are these bytes. */
async function published(body: string | Uint8Array = TEXT, contentType = "application/json"): Promise<string> {
  const id = newId("evt");
  const answer = await fetch(`${api.url}/v1/events/${tenant.eventType}`, {
    method: "POST",
    headers: { authorization: `Bearer ${tenant.providerKey}`, "content-type": contentType, "idempotency-key": id },
    body: typeof body === "string" ? body : Buffer.from(body),
  });
  const { id: made } = (await answer.json()) as { id: string };
  expect(answer.status).toBe(202);
  return made;
}
const read = (id: string, key: string) => api.call<ReadEvent>("GET", `/v1/events/${id}`, { key });
const entries = async (keyId: string) =>
  (
    await api.call<{ data: { subject: string; detail: object }[] }>(
      "GET",
      `/v1/audit?limit=250&action=content.read&actor=key:${keyId}`,
    )
  ).body.data;

test("is the bytes as they were published, and on record by the event's id alone", async () => {
  const reader = await api.key({ role: "operator" });
  const id = await published();
  expect((await read(id, reader.token)).body.payload).toEqual({
    contentType: "application/json",
    body: TEXT,
    encoding: "utf8",
  });
  const found = await entries(reader.id);
  expect(found).toMatchObject([{ subject: tenant.eventType, detail: { acts: 1, payloads: 1, events: [id] } }]);
  expect(JSON.stringify(found)).not.toContain("4111");
  expect((await read(id, tenant.providerKey)).body.payload?.body).toBe(TEXT);
});

test("is in base64 if it is no text", async () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0x80);
  const { body } = await read(await published(bytes, "application/octet-stream"), tenant.providerKey);
  expect(body.payload).toEqual({ contentType: "application/octet-stream", body: "/wCA", encoding: "base64" });
});

test("is not for an auditor, another provider or a consumer, and no list has it", async () => {
  const id = await published();
  const [auditor, other] = [await api.key({ role: "auditor" }), await makeTenant(api, "stranger")];
  const told = await read(id, auditor.token);
  expect(told).toMatchObject({ status: 200, body: { id, size: TEXT.length } });
  expect(told.text).not.toContain("canary");
  expect(await entries(auditor.id)).toEqual([]);
  expect((await read(id, other.providerKey)).status).toBe(404);
  const consumer = await api.key({ role: "consumer", groupId: tenant.groupId });
  expect((await read(id, consumer.token)).status).toBe(403);
  expect((await api.call("GET", "/v1/events", { key: tenant.providerKey })).text).not.toContain("canary");
});

test("is gone once it was erased", async () => {
  const reader = await api.key({ role: "operator" });
  const id = await published();
  expect((await api.call("DELETE", `/v1/events/${id}`)).status).toBe(204);
  const told = await read(id, reader.token);
  expect(told.status).toBe(200);
  expect(told.body.expungedAt).toBeDefined();
  expect(told.text).not.toContain("canary");
  expect(await entries(reader.id)).toEqual([]);
});

test("is not shown if that cannot be recorded", async () => {
  const reader = await api.key({ role: "operator" });
  const id = await published();
  away = true;
  const answer = await read(id, reader.token);
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(answer.text).not.toContain("canary");
});

test.each(["count", "export"])("of an event called %s is read beside the route of that name", async (id) => {
  const answer = await api.call("POST", "/v1/events", {
    key: tenant.providerKey,
    body: { id, type: tenant.eventType, data: { canary: 1 } },
  });
  expect(answer).toMatchObject({ status: 202, body: { id, duplicate: false } });
  const code = id.charCodeAt(0).toString(16);
  for (const ref of [`~${code}${id.slice(1)}`, `%${code}${id.slice(1)}`])
    expect(await read(ref, tenant.providerKey)).toMatchObject({ status: 200, body: { id } });
  const routing = await api.call("GET", `/v1/events/~${code}${id.slice(1)}/routing`, { key: tenant.providerKey });
  expect(routing.status).toBe(200);
  expect((await read(id, tenant.providerKey)).body.id).toBeUndefined();
});
