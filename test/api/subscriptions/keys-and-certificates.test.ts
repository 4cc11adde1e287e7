import "reflect-metadata";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { describe, expect, test } from "vitest";
import { createCertificateAuthority, signRequest } from "../../support/certificates.js";
import { api, create, change, setUpKeysAndCertificates } from "./keys-and-certificates-setup.js";

setUpKeysAndCertificates();

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
      const stranger = await createCertificateAuthority({ commonName: "Stranger" });
      for (const [reason, wrong] of [
        ["key_mismatch", present.cert],
        ["key_mismatch", await signRequest(authority, older)],
        ["certificate_unreadable", "nonsense"],
        ["certificate_wrong_usage", await signRequest(authority, newer, { usage: "server" })],
        ["certificate_expired", await signRequest(authority, newer, { expired: true })],
        ["certificate_wrong_chain", (await signRequest(authority, newer)) + stranger.ca],
      ]) {
        expect(
          await api.problem("POST", `/v1/subscriptions/${id}/certificate`, { body: { certificate: wrong } }),
        ).toMatchObject({ status: 422, code: "tls_refused", reason });
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

  test("the key that stays here stays with its certificate, whatever else of TLS is changed", async () => {
    const authority = await createCertificateAuthority();
    const { id } = await create();
    const pem = await request(id);
    const certificate = await signRequest(authority, pem);
    await install(id, certificate);
    const key = (await api.store.subscriptions.get(id))?.tls?.clientKey;
    const renewed = await signRequest(authority, pem);
    for (const tls of [
      { clientCert: certificate, ca: authority.ca },
      { clientCert: renewed, minVersion: "TLSv1.2" },
    ]) {
      expect((await change(id, { tls })).body).toMatchObject({ tls: { ...tls, hasClientKey: true } });
      expect((await api.store.subscriptions.get(id))?.tls).toEqual({ ...tls, clientKey: key });
    }
    const other = await authority.issue({ usage: "client" });
    for (const [reason, tls] of [
      // The saved key is for another certificate.
      ["certificate_without_key", { clientCert: other.cert }],
      ["key_mismatch", { clientCert: renewed, clientKey: other.key }],
      ["certificate_expired", { clientCert: await signRequest(authority, pem, { expired: true }) }],
    ] as const)
      expect(await api.problem("PATCH", `/v1/subscriptions/${id}`, { body: { tls } })).toMatchObject({
        status: 422,
        code: "tls_refused",
        reason,
      });
    expect((await api.store.subscriptions.get(id))?.tls).toMatchObject({ clientCert: renewed, clientKey: key });
  });

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
