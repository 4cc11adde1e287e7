import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, sendRaw, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
const LIMIT = 4_096;

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { payloadLimitBytes: LIMIT },
  });
  tenant = await makeTenant(api, "payments");
});
afterAll(() => api?.close());

const JSON_TYPE = { "content-type": "application/json" };
const publishText = (text: string | Buffer, headers: Record<string, string> = JSON_TYPE) => ({
  key: tenant.providerKey,
  body: Buffer.from(text),
  headers,
});

test.each([
  `9007199254740993`,
  `1e999`,
  `-0`,
  `"\\ud800"`,
  `{"b":1, "a":2,  "b":3}`,
  ` [1 , 2]`.trim(),
  `"\u00e9\ud83d\ude00"`,
  `{"__proto__":{"polluted":1}}`,
  `"\\u0000"`,
  `${"[".repeat(1_500)}${"]".repeat(1_500)}`,
])("the bytes of data are kept: %s", async (data) => {
  // An id of one's own is recorded before the answer, so the record tells what was taken.
  const id = `own-${Buffer.from(data).toString("hex").slice(0, 60)}`;
  const answer = await api.call(
    "POST",
    "/v1/events",
    publishText(`{"type":"${tenant.eventType}","id":"${id}", "data" : ${data} }`),
  );
  expect(answer).toMatchObject({ status: 202, body: { id, duplicate: false } });
  expect(Buffer.from((await api.store.events.payload(id)) ?? []).toString()).toBe(data);
});

test("a repeated id is a duplicate, with other bytes a conflict", async () => {
  const body = (data: string) => publishText(`{"type":"${tenant.eventType}","id":"twice","data":${data}}`);
  expect((await api.call("POST", "/v1/events", body("[1]"))).body).toEqual({ id: "twice", duplicate: false });
  expect((await api.call("POST", "/v1/events", body("[1]"))).body).toEqual({ id: "twice", duplicate: true });
  expect(await api.problem("POST", "/v1/events", body("[1 ]"))).toMatchObject({
    status: 409,
    code: "event_id_conflict",
  });
});

test("raw bytes are published as they are, with their content type and Idempotency-Key", async () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x0a]);
  const headers = { "content-type": "application/x-thing; v=1", "idempotency-key": "raw-1" };
  expect(
    await api.call("POST", `/v1/events/${tenant.eventType}`, { key: tenant.providerKey, body: bytes, headers }),
  ).toMatchObject({ status: 202, body: { id: "raw-1", duplicate: false } });
  expect(Buffer.from((await api.store.events.payload("raw-1")) ?? []).equals(bytes)).toBe(true);
  expect(await api.store.events.get("raw-1")).toMatchObject({
    contentType: "application/x-thing; v=1",
    size: 5,
    type: tenant.eventType,
  });
  expect(
    (
      await api.call("POST", `/v1/events/${tenant.eventType}`, {
        key: tenant.providerKey,
        body: Buffer.alloc(0),
        headers: { "content-type": "text/plain" },
      })
    ).status,
  ).toBe(202);
  expect(
    await api.problem("POST", `/v1/events/${tenant.eventType}`, { key: tenant.providerKey, body: bytes }),
  ).toMatchObject({ status: 415 });
  expect(
    await api.problem("POST", "/v1/events/no.such", { key: tenant.providerKey, body: bytes, headers }),
  ).toMatchObject({ status: 404, code: "event_type_unknown" });
  expect(
    await api.problem("POST", "/v1/events/not%20a%20name", { key: tenant.providerKey, body: bytes, headers }),
  ).toMatchObject({ status: 404, code: "event_type_unknown" });
});

test("an array gives one result each; a conflict does not hold up the others", async () => {
  const event = (id: string, data: unknown) => ({ type: tenant.eventType, id, data });
  await api.call("POST", "/v1/events", { body: event("batch-0", 1) });
  const answer = await api.call<Record<string, unknown>[]>("POST", "/v1/events", {
    key: tenant.providerKey,
    body: [event("batch-0", 2), event("batch-1", 1), { type: tenant.eventType, data: 1 }],
  });
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject([
    { id: "batch-0", error: { code: "event_id_conflict", status: 409 } },
    { id: "batch-1", duplicate: false },
    { duplicate: false },
  ]);
});

test("arrays have a path of their own, which takes nothing else; their old place stays", async () => {
  const event = (id: string) => ({ type: tenant.eventType, id, data: 1 });
  for (const [path, id] of [
    ["/v1/events/batch", "own-path-1"],
    ["/v1/events", "own-path-2"],
  ] as const) {
    const answer = await api.call("POST", path, { key: tenant.providerKey, body: [event(id), event(id)] });
    expect(answer).toMatchObject({ status: 202, body: [{ id }, { id }] });
  }
  expect(
    await api.problem("POST", "/v1/events/batch", { key: tenant.providerKey, body: event("own-path-3") }),
  ).toMatchObject({ status: 400, code: "invalid_request", errors: [{ message: "must be an array of events" }] });
  expect(await api.store.events.get("own-path-3")).toBeUndefined();
});

test("an array with an invalid item is refused whole", async () => {
  const good = { type: tenant.eventType, id: "whole-1", data: 1 };
  const bad: [unknown, string][] = [
    [{ ...good, id: "a b" }, "[1].id"],
    [{ type: "no.such", data: 1 }, "[1].type"],
    [{ ...good, more: 1 }, "[1].more"],
    [{ type: tenant.eventType }, "[1].data"],
    [7, "[1]"],
  ];
  for (const [item, path] of bad) {
    const problem = await api.problem("POST", "/v1/events", { key: tenant.providerKey, body: [good, item] });
    expect(problem).toMatchObject({ status: 400, code: "invalid_request", errors: [{ path }] });
  }
  expect(await api.store.events.get("whole-1")).toBeUndefined();
});

test.each(["application/json;", "application/json ; charset=utf8", 'Application/JSON; charset="UTF-8";'])(
  "JSON as %s is taken",
  async (type) => {
    const body = Buffer.from(JSON.stringify({ type: tenant.eventType, data: 1 }));
    const call = { key: tenant.providerKey, body, headers: { "content-type": type } };
    expect((await api.call("POST", "/v1/events", call)).status).toBe(202);
  },
);

test.each<[string, string | Buffer, number, string, Record<string, string>?]>([
  ["not JSON", "{", 400, "malformed_json"],
  ["NaN", "NaN", 400, "malformed_json"],
  ["empty", "", 400, "malformed_json"],
  ["null", "null", 400, "invalid_request"],
  ["a string", `"x"`, 400, "invalid_request"],
  ["an empty array", "[]", 400, "invalid_request"],
  ["a byte order mark", "\ufeff{}", 400, "malformed_json"],
  ["byte 0xFF", Buffer.from([0x22, 0xff, 0x22]), 400, "malformed_json"],
  ["no content type", "{}", 415, "unsupported_media_type", {}],
  ["text/plain", "{}", 415, "unsupported_media_type", { "content-type": "text/plain" }],
  ["utf-7", "{}", 415, "unsupported_media_type", { "content-type": "application/json; charset=utf-7" }],
  ["utf-16", "{}", 415, "unsupported_media_type", { "content-type": "application/json;charset=utf-16" }],
  ["gzip", "{}", 415, "content_encoding_unsupported", { ...JSON_TYPE, "content-encoding": "gzip" }],
  ["zstd", "{}", 415, "content_encoding_unsupported", { ...JSON_TYPE, "content-encoding": "zstd" }],
  ["a member twice", `{"type":"TYPE","data":1,"data":2}`, 400, "duplicate_member"],
  ["a member twice, once escaped", `{"type":"TYPE","data":1,"\\u0064ata":2}`, 400, "duplicate_member"],
  ["no data", `{"type":"TYPE"}`, 400, "invalid_request"],
  ["an unknown member", `{"type":"TYPE","data":1,"x":1}`, 400, "invalid_request"],
  ["__proto__", `{"type":"TYPE","data":1,"__proto__":{"polluted":1}}`, 400, "invalid_request"],
  ["an id with a space", `{"type":"TYPE","data":1,"id":"a b"}`, 400, "invalid_request"],
  ["an id of 257", `{"type":"TYPE","data":1,"id":"${"a".repeat(257)}"}`, 400, "invalid_request"],
  ["an unknown type", `{"type":"no.such","data":1}`, 404, "event_type_unknown"],
  ["the service's own type", `{"type":"sealpost.test","data":1}`, 404, "event_type_unknown"],
  ["an unknown group", `{"type":"TYPE","data":1,"groups":["grp_01K3ZJ8Q5T9V7X2M4N6P8R0S1W"]}`, 422, "group_unknown"],
  ["a payload one byte too large", `{"type":"TYPE","data":"${"x".repeat(LIMIT - 1)}"}`, 413, "payload_too_large"],
  [
    "1,001 events",
    JSON.stringify(Array.from({ length: 1_001 }, () => ({ type: "TYPE", data: 1 }))),
    413,
    "payload_too_large",
  ],
  [
    "a key of 10 KB",
    `{"type":"TYPE","data":1}`,
    400,
    "invalid_request",
    { ...JSON_TYPE, "idempotency-key": "k".repeat(10_000) },
  ],
  [
    "a key that is not ASCII",
    `{"type":"TYPE","data":1}`,
    400,
    "invalid_request",
    { ...JSON_TYPE, "idempotency-key": "k\u00e9" },
  ],
  [
    "a key that differs from id",
    `{"type":"TYPE","data":1,"id":"a"}`,
    400,
    "invalid_request",
    { ...JSON_TYPE, "idempotency-key": "b" },
  ],
  [
    "a key with an array",
    `[{"type":"TYPE","data":1}]`,
    400,
    "invalid_request",
    { ...JSON_TYPE, "idempotency-key": "b" },
  ],
])("refused: %s", async (_name, text, status, code, headers) => {
  const body = typeof text === "string" ? text.replaceAll("TYPE", tenant.eventType) : text;
  const problem = await api.problem("POST", "/v1/events", publishText(body, headers));
  expect(problem).toMatchObject({ status, code });
  expect(JSON.stringify(problem)).not.toMatch(/Unexpected|SyntaxError|position \d|polluted|node_modules/);
});

test("the largest payload is taken, and one of 20 MB gets its 413", async () => {
  const largest = `{"type":"${tenant.eventType}","data":"${"x".repeat(LIMIT - 2)}"}`;
  expect((await api.call("POST", "/v1/events", publishText(largest))).status).toBe(202);
  for (const size of [6, 20].map((mega) => mega * 1024 * 1024)) {
    const head =
      `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tenant.providerKey}\r\nContent-Type: ` +
      `application/json\r\nContent-Length: ${size}\r\n\r\n`;
    const answer = await sendRaw(
      api.port,
      size > 10e6 ? head : Buffer.concat([Buffer.from(head), Buffer.alloc(size, 0x20)]),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"payload_too_large"/);
  }
});

test("a query on the hot path is refused like anywhere else", async () => {
  expect(
    await api.problem("POST", "/v1/events?x=1", publishText(`{"type":"${tenant.eventType}","data":1}`)),
  ).toMatchObject({ status: 400 });
  expect(
    await api.problem("POST", `/v1/events?key=${tenant.providerKey}`, { ...publishText("{}"), key: "" }),
  ).toMatchObject({ status: 401 });
});
