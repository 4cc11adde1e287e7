import { defaultPayloadConverter } from "@temporalio/common";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

interface Wire {
  payloads: { metadata?: Record<string, string>; data?: string }[];
}
let api: RunningApi;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "payments");
});
afterAll(() => api?.close());

const plain = (value: unknown): Wire => {
  const { metadata, data } = defaultPayloadConverter.toPayload(value) ?? {};
  return {
    payloads: [
      {
        metadata: Object.fromEntries(
          Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
        ),
        data: Buffer.from(data ?? []).toString("base64"),
      },
    ],
  };
};

test("what a provider has sealed, an admin can open", async () => {
  const input = plain({ card: "4111" });
  const sealed = await api.call<Wire>("POST", "/codec/encode", { key: tenant.providerKey, body: input });
  expect(sealed.status, sealed.text).toBe(200);
  expect(Buffer.from(sealed.body.payloads[0]?.metadata?.["encoding"] ?? "", "base64").toString()).toBe(
    "binary/encrypted",
  );
  expect(Buffer.from(sealed.body.payloads[0]?.data ?? "", "base64").includes("4111")).toBe(false);
  const opened = await api.call<Wire>("POST", "/codec/decode", { body: sealed.body });
  expect(opened.body).toEqual(input);
});

test("only an admin or an operator may open, and only who has a key may call", async () => {
  const body = plain(1);
  expect(await api.problem("POST", "/codec/decode", { key: tenant.providerKey, body })).toMatchObject({ status: 403 });
  for (const path of ["/codec/encode", "/codec/decode"]) {
    expect(await api.problem("POST", path, { key: tenant.consumerKey, body })).toMatchObject({ status: 403 });
    expect(await api.problem("POST", path, { key: "", body })).toMatchObject({ status: 401 });
    expect(await api.problem("GET", path)).toMatchObject({ status: 405 });
  }
});

test("what the Temporal UI adds to the query is ignored, and what it adds to a payload too", async () => {
  for (const query of [
    "?preserveStorageRefs=true",
    "?preserveStorageRefs=true&preserveStorageRefs=false",
    "?%zz",
    "?",
    "?namespace=default&x[]=1",
  ]) {
    const sealed = await api.call<Wire>("POST", `/codec/encode${query}`, {
      key: tenant.providerKey,
      body: plain({ a: 1 }),
    });
    expect(sealed.status, `${query} ${sealed.text}`).toBe(200);
    const opened = await api.call<Wire>("POST", `/codec/decode${query}`, { body: sealed.body });
    expect(opened.body, query).toEqual(plain({ a: 1 }));
  }
  const [payload] = plain({ a: 1 }).payloads;
  const sealed = await api.call<Wire>("POST", "/codec/encode", {
    body: { payloads: [{ ...payload, externalPayloads: [] }] },
  });
  expect((await api.call<Wire>("POST", "/codec/decode", { body: sealed.body })).body).toEqual(plain({ a: 1 }));
  // Elsewhere an unknown parameter is still a mistake.
  expect(await api.problem("GET", "/v1/apis?preserveStorageRefs=true")).toMatchObject({ status: 400 });
});

test("an operator seals what it signals", async () => {
  const operator = await api.key({ role: "operator" });
  const sealed = await api.call<Wire>("POST", "/codec/encode?preserveStorageRefs=true", {
    key: operator.token,
    body: plain({}),
  });
  expect(sealed.status, sealed.text).toBe(200);
  expect(Buffer.from(sealed.body.payloads[0]?.metadata?.["encoding"] ?? "", "base64").toString()).toBe(
    "binary/encrypted",
  );
  const auditor = await api.key({ role: "auditor" });
  expect(await api.problem("POST", "/codec/encode", { key: auditor.token, body: plain({}) })).toMatchObject({
    status: 403,
  });
});

test("what was tampered with or is no payload is refused", async () => {
  const { body } = await api.call<Wire>("POST", "/codec/encode", { body: plain("x") });
  const payload = body.payloads[0];
  const data = Buffer.from(payload?.data ?? "", "base64");
  data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
  expect(
    await api.problem("POST", "/codec/decode", { body: { payloads: [{ ...payload, data: data.toString("base64") }] } }),
  ).toMatchObject({ status: 422, code: "payload_undecodable" });
  for (const wrong of [{}, { payloads: [{ data: "%%%" }] }, { payloads: {} }, []])
    expect(await api.problem("POST", "/codec/decode", { body: wrong })).toMatchObject({ status: 400 });
});

test("no other origin may call from a browser: the Temporal UI is served under ours", async () => {
  for (const origin of ["http://127.0.0.1:8233", "https://cloud.temporal.io", "null"]) {
    const preflight = await api.call("OPTIONS", "/codec/decode", {
      key: "",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect(preflight).toMatchObject({ status: 405 });
    const called = await api.call("POST", "/codec/decode", { headers: { origin }, body: { payloads: [] } });
    for (const { headers } of [preflight, called])
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  }
});

test(
  "what is opened is on record: at once for the first call, as one entry for the others of its " +
    "minute, and never with what was in it",
  async () => {
    const operator = await api.key({ role: "operator" });
    const sealed = (
      await api.call<Wire>("POST", "/codec/encode", {
        body: { payloads: [...plain("canary-4111").payloads, ...plain(2).payloads] },
      })
    ).body;
    const entries = async () => {
      const { text, body } = await api.call<{
        data: { actor: string; action: string; subject: string; detail: Record<string, unknown> }[];
      }>("GET", "/v1/audit?limit=250");
      expect(text).not.toContain("canary-4111");
      return body.data.filter((entry) => entry.action === "codec.decode" && entry.actor === `key:${operator.id}`);
    };
    for (let call = 0; call < 3; call++)
      expect((await api.call("POST", "/codec/decode", { key: operator.token, body: sealed })).status).toBe(200);
    const day = new Date().toISOString().slice(0, 10);
    expect(await entries()).toMatchObject([
      { subject: "temporal", detail: { acts: 1, payloads: 2, dataKeys: [`temporal/${day}#1`] } },
    ]);
    await api.auditTally.close();
    expect((await entries()).map(({ detail }) => detail)).toMatchObject([
      { acts: 2, payloads: 4 },
      { acts: 1, payloads: 2 },
    ]);
  },
);
