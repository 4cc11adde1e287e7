import "reflect-metadata";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createCertificateAuthority, signRequest } from "../../support/certificates.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "techniques");
});
afterAll(() => api?.close());

const input = (more: Record<string, unknown> = {}) => ({
  groupId: tenant.groupId,
  url: "https://8.8.8.8/hook",
  eventTypes: [tenant.eventType],
  ...more,
});
const create = async (more: Record<string, unknown> = {}) => {
  const answer = await api.call("POST", "/v1/subscriptions", { body: input(more) });
  expect(answer.status, answer.text).toBe(201);
  return { id: String(answer.body["id"]), answer };
};
const change = (id: string, body: Record<string, unknown>) => api.call("PATCH", `/v1/subscriptions/${id}`, { body });
const jwks = async (id: string) => api.call<{ keys: { kid: string }[] }>("GET", `/jwks/${id}`, { key: "" });
const kids = async (id: string) => (await jwks(id)).body.keys.map(({ kid }) => kid);

describe("signing schemes", () => {
  test("v1 alone when nothing is said, without keys", async () => {
    const { id, answer } = await create();
    expect(answer.body).toMatchObject({ signing: { schemes: ["v1"] } });
    expect(answer.body).not.toHaveProperty("keys");
    expect((await jwks(id)).body).toEqual({ keys: [] });
  });

  test("a scheme that needs a key gets one, published without a login; switched off it is gone", async () => {
    const { id, answer } = await create({ signing: { schemes: ["v1a"] } });
    const published = await jwks(id);
    expect(published).toMatchObject({
      status: 200,
      headers: { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=300" },
    });
    expect(published.body.keys).toMatchObject([{ kty: "OKP", crv: "Ed25519", use: "sig", alg: "EdDSA" }]);
    expect(answer.body["keys"]).toMatchObject([
      { kid: published.body.keys[0]?.kid, publicKey: expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/) as string },
    ]);
    const stored = (await api.store.subscriptions.get(id))?.keys?.[0];
    for (const text of [answer.text, published.text, JSON.stringify(api.log)])
      expect(text).not.toContain(stored?.privateKey);
    await change(id, { signing: { schemes: ["v1", "rfc9421"] } });
    expect(await kids(id)).toEqual([stored?.kid]);
    const off = await change(id, { signing: null });
    expect(off.body).toMatchObject({ signing: { schemes: ["v1"] } });
    expect(await kids(id)).toEqual([]);
  });

  test("no two subscriptions share a key", async () => {
    const [a, b] = [
      await create({ signing: { schemes: ["rfc9421"] } }),
      await create({ signing: { schemes: ["rfc9421"] } }),
    ];
    expect((await kids(a.id))[0]).not.toBe((await kids(b.id))[0]);
  });

  test("rotation publishes the new key first, keeps the old one for the overlap, and three at most", async () => {
    const { id } = await create({ signing: { schemes: ["v1a"] } });
    const [first] = await kids(id);
    const rotate = (body?: unknown) =>
      api.call("POST", `/v1/subscriptions/${id}/keys/rotate`, body === undefined ? {} : { body });
    expect((await rotate()).status).toBe(200);
    const overlapping = await kids(id);
    expect(overlapping).toHaveLength(2);
    expect(overlapping[1]).toBe(first);
    for (let i = 0; i < 3; i++) await rotate({ overlapSeconds: 600 });
    expect(await kids(id)).toHaveLength(3);
    const last = await rotate({ overlapSeconds: 0 });
    expect(await kids(id)).toEqual([(last.body["keys"] as { kid: string }[])[0]?.kid]);
  });

  test("an old key leaves the set when its overlap ends", async () => {
    const { id } = await create({ signing: { schemes: ["v1a"] } });
    await api.call("POST", `/v1/subscriptions/${id}/keys/rotate`, { body: { overlapSeconds: 1 } });
    await expect.poll(() => kids(id), { timeout: 10_000 }).toHaveLength(1);
  });

  test("rotation without a key is refused, and the keys of nobody are not found", async () => {
    const { id } = await create();
    expect(await api.problem("POST", `/v1/subscriptions/${id}/keys/rotate`)).toMatchObject({
      status: 409,
      code: "signing_key_unused",
    });
    for (const unknown of [id.replace(/.$/, id.endsWith("0") ? "1" : "0"), "sub_x", "__proto__"])
      expect(await api.problem("GET", `/jwks/${unknown}`, { key: "" })).toMatchObject({ status: 404 });
  });
});

const oauth = { type: "oauth2", tokenUrl: "https://8.8.4.4/token", clientId: "c", clientSecret: "canary-1" };

describe("authentication and custom headers", () => {
  test("several are shown by their kind, custom headers by their names; nothing secret is", async () => {
    const { id, answer } = await create({
      auth: [
        { ...oauth, scope: "a b" },
        { type: "api_key", header: "X-Key", value: "canary-2" },
      ],
      headers: { "X-Tenant": "canary-3" },
    });
    expect(answer.body).toMatchObject({
      auth: [
        { type: "oauth2", tokenUrl: oauth.tokenUrl, clientId: "c", scope: "a b" },
        { type: "api_key", header: "X-Key" },
      ],
      headers: ["X-Tenant"],
    });
    const seen = [
      answer.text,
      (await api.call("GET", "/v1/subscriptions")).text,
      (await api.call("GET", "/v1/audit")).text,
      JSON.stringify(api.log),
    ].join("\n");
    expect(seen).not.toContain("canary");
    expect((await api.store.subscriptions.get(id))?.headers).toEqual({ "X-Tenant": "canary-3" });
    const removed = await change(id, { auth: null, headers: null });
    expect(removed.body).not.toHaveProperty("auth");
    expect(removed.body).not.toHaveProperty("headers");
  });

  test("a change to one may not conflict with the other that stays", async () => {
    const { id } = await create({ auth: { type: "api_key", header: "X-Key", value: "a" } });
    expect(
      await api.problem("PATCH", `/v1/subscriptions/${id}`, { body: { headers: { "x-key": "b" } } }),
    ).toMatchObject({ status: 422, code: "header_conflict", errors: [{ path: "headers" }] });
    expect((await api.store.subscriptions.get(id))?.headers).toBeUndefined();
    expect((await change(id, { auth: null, headers: { "x-key": "b" } })).status).toBe(200);
  });

  const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, "1"]));
  test.each<[string, Record<string, unknown>, number, string, string]>([
    ["no scheme", { signing: { schemes: [] } }, 400, "invalid_request", "signing.schemes"],
    ["a scheme twice", { signing: { schemes: ["v1", "v1"] } }, 400, "invalid_request", "signing.schemes"],
    ["an unknown scheme", { signing: { schemes: ["v2"] } }, 400, "invalid_request", "signing.schemes[0]"],
    [
      "a weak digest",
      { signing: { schemes: ["rfc9421"], rfc9421: { digest: "md5" } } },
      400,
      "invalid_request",
      "signing.rfc9421.digest",
    ],
    [
      "Basic and OAuth2",
      { auth: [{ type: "basic", username: "u", password: "canary" }, oauth] },
      400,
      "invalid_request",
      "auth",
    ],
    [
      "Basic and an Authorization header",
      {
        auth: [
          { type: "basic", username: "u", password: "canary" },
          { type: "api_key", header: "Authorization", value: "canary" },
        ],
      },
      400,
      "invalid_request",
      "auth",
    ],
    [
      "a type twice",
      {
        auth: [
          { type: "api_key", header: "a", value: "1" },
          { type: "api_key", header: "b", value: "2" },
        ],
      },
      400,
      "invalid_request",
      "auth",
    ],
    ["no authentication in a list", { auth: [] }, 400, "invalid_request", "auth"],
    [
      "a reserved header in a list",
      { auth: [{ type: "api_key", header: "Webhook-Id", value: "1" }] },
      400,
      "invalid_request",
      "auth[0].header",
    ],
    [
      "a token URL at the metadata service",
      { auth: { ...oauth, tokenUrl: "https://169.254.169.254/token" } },
      422,
      "target_refused",
      "auth.tokenUrl",
    ],
    [
      "a token URL at loopback, in a list",
      {
        auth: [
          { type: "api_key", header: "a", value: "1" },
          { ...oauth, tokenUrl: "https://127.0.0.1/" },
        ],
      },
      422,
      "target_refused",
      "auth[1].tokenUrl",
    ],
    ["an authority that is none", { auth: { ...oauth, ca: "nonsense" } }, 422, "tls_refused", "auth.ca"],
    ["a scope with a line break", { auth: { ...oauth, scope: "a\nb" } }, 400, "invalid_request", "auth.scope"],
    ["21 headers", { headers: many }, 400, "invalid_request", "headers"],
    ["a header twice", { headers: { "X-A": "1", "x-a": "2" } }, 400, "invalid_request", "headers"],
    ["a value of more than 4 KiB", { headers: { "x-a": "v".repeat(4_097) } }, 400, "invalid_request", "headers.x-a"],
    ["a value with a line break", { headers: { "x-a": "1\r\nx-b: 2" } }, 400, "invalid_request", "headers.x-a"],
    ["a value with NUL", { headers: { "x-a": "1\0" } }, 400, "invalid_request", "headers.x-a"],
    ["a name that is no token", { headers: { "x a": "1" } }, 400, "invalid_request", "headers.x a"],
    [
      "the header of the API key",
      { auth: { type: "api_key", header: "X-Key", value: "canary" }, headers: { "x-key": "1" } },
      422,
      "header_conflict",
      "headers",
    ],
    ...[
      "Host",
      "content-length",
      "Transfer-Encoding",
      "Connection",
      "Keep-Alive",
      "TE",
      "Trailer",
      "Upgrade",
      "Expect",
      "Proxy-Authorization",
      "Proxy-X",
      "webhook-id",
      "Webhook-Anything",
      "Content-Type",
      "content-digest",
      "Signature",
      "Signature-Input",
      "User-Agent",
      "Date",
      "Accept-Encoding",
      "HTTP2-Settings",
      "Authorization",
    ].map(
      (name) =>
        [name, { headers: { [name]: "1" } }, 400, "invalid_request", `headers.${name}`] as [
          string,
          Record<string, unknown>,
          number,
          string,
          string,
        ],
    ),
  ])("refused: %s", async (_name, more, status, code, path) => {
    const problem = await api.problem("POST", "/v1/subscriptions", { body: input(more) });
    expect(problem).toMatchObject({ status, code, errors: [{ path }] });
    expect(JSON.stringify(problem)).not.toContain("canary");
  });
});

describe("a client certificate by request", () => {
  const request = async (id: string, body: Record<string, unknown> = { subject: { commonName: "sealpost" } }) => {
    const answer = await api.call("POST", `/v1/subscriptions/${id}/csr`, { body });
    expect(answer.status, answer.text).toBe(201);
    return String(answer.body["certificateRequest"]);
  };
  const install = (id: string, certificate: string) =>
    api.call("POST", `/v1/subscriptions/${id}/certificate`, { body: { certificate } });

  test.each(["ec-p256", "ec-p384", "rsa-2048"])(
    "the consumer signs the request of a key of type %s, which never leaves",
    async (keyType) => {
      const { id } = await create();
      const pem = await request(id, {
        subject: { commonName: "a, O=forged", organization: "Küche & Co", country: "CH" },
        keyType,
      });
      const parsed = new Pkcs10CertificateRequest(pem);
      expect(await parsed.verify()).toBe(true);
      expect(parsed.subjectName.getField("CN")).toEqual(["a, O=forged"]);
      expect(parsed.subjectName.getField("O")).toEqual(["Küche & Co"]);
      const authority = await createCertificateAuthority();
      const certificate = await signRequest(authority, pem);
      const installed = await install(id, certificate);
      expect(installed.body).toMatchObject({
        tls: { hasClientKey: true, clientCert: certificate },
        clientCertExpiresAt: expect.stringMatching(/^20/) as string,
      });
      expect(installed.body).not.toHaveProperty("pendingCertificate");
      const stored = await api.store.subscriptions.get(id);
      expect(stored).not.toHaveProperty("pendingCertificate");
      const line = stored?.tls?.clientKey?.split("\n")[2] ?? "";
      expect(line.length).toBeGreaterThan(20);
      expect(
        [installed.text, (await api.call("GET", "/v1/audit")).text, JSON.stringify(api.log)].join(""),
      ).not.toContain(line);
    },
  );

  test(
    "until the certificate comes the present one goes on; another certificate, and one for an " +
      "older request, change nothing",
    async () => {
      const authority = await createCertificateAuthority();
      const present = await authority.issue({ usage: "client" });
      const { id } = await create({
        tls: { clientCert: present.cert, clientKey: present.key, ca: authority.ca, minVersion: "TLSv1.2" },
      });
      expect(
        await api.problem("POST", `/v1/subscriptions/${id}/certificate`, { body: { certificate: present.cert } }),
      ).toMatchObject({ status: 409, code: "certificate_not_requested" });
      const older = await request(id);
      const newer = await request(id);
      const view = await api.call("GET", `/v1/subscriptions/${id}`);
      expect(view.body).toMatchObject({
        pendingCertificate: { certificateRequest: newer },
        tls: { clientCert: present.cert },
      });
      for (const wrong of [
        present.cert,
        await signRequest(authority, older),
        "nonsense",
        await signRequest(authority, newer, { usage: "server" }),
        await signRequest(authority, newer, { expired: true }),
      ]) {
        expect(
          await api.problem("POST", `/v1/subscriptions/${id}/certificate`, { body: { certificate: wrong } }),
        ).toMatchObject({ status: 422, code: "tls_refused" });
      }
      expect((await api.store.subscriptions.get(id))?.tls).toMatchObject({
        clientCert: present.cert,
        clientKey: present.key,
      });
      const certificate = await signRequest(authority, newer);
      expect((await install(id, certificate)).body).toMatchObject({
        tls: { clientCert: certificate, ca: authority.ca, minVersion: "TLSv1.2" },
      });
    },
  );

  test.each<[string, Record<string, unknown>, string]>([
    ["no name", { subject: {} }, "subject.commonName"],
    ["a name too long", { subject: { commonName: "x".repeat(65) } }, "subject.commonName"],
    ["a country that is none", { subject: { commonName: "a", country: "Schweiz" } }, "subject.country"],
    ["a weak key", { subject: { commonName: "a" }, keyType: "rsa-1024" }, "keyType"],
  ])("refused: %s", async (_name, body, path) => {
    const { id } = await create();
    expect(await api.problem("POST", `/v1/subscriptions/${id}/csr`, { body })).toMatchObject({
      status: 400,
      errors: [{ path }],
    });
    expect(await api.store.subscriptions.get(id)).not.toHaveProperty("pendingCertificate");
  });
});
