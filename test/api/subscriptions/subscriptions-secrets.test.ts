import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createCertificateAuthority, issueChain } from "../../support/certificates.js";
import { api, tenant, input, create, setUpSubscriptions } from "./subscriptions-setup.js";

setUpSubscriptions();

const patterned = (bytes: Buffer): string => `whsec_${bytes.toString("base64")}`;

describe("secrets", () => {
  test(
    "the query of a URL is shown whole to who may change the subscription, and masked to " + "everybody else",
    async () => {
      const auth = {
        type: "oauth2",
        tokenUrl: "https://8.8.8.8/token?tenant=canary-2",
        clientId: "us",
        clientSecret: "canary-3",
      };
      const { id } = await create({ url: "https://8.8.8.8/hook?token=canary-1", auth });
      const keyOf = async (role: string, more: Record<string, unknown> = {}) =>
        (await api.key({ role, ...more })).token;
      for (const key of [api.adminKey, tenant.consumerKey, tenant.providerKey]) {
        expect((await api.call("GET", `/v1/subscriptions/${id}`, { key })).body).toMatchObject({
          url: "https://8.8.8.8/hook?token=canary-1",
          auth: { tokenUrl: auth.tokenUrl },
        });
      }
      for (const key of [
        await keyOf("auditor"),
        await keyOf("operator"),
        await keyOf("consumer", { groupId: tenant.groupId, scopes: ["subscriptions:read"] }),
      ]) {
        expect((await api.call("GET", `/v1/subscriptions/${id}`, { key })).body).toMatchObject({
          url: "https://8.8.8.8/hook?(secret)",
          auth: { tokenUrl: "https://8.8.8.8/token?(secret)" },
        });
        expect((await api.call("GET", "/v1/subscriptions?limit=250", { key })).text).not.toContain("canary");
      }
      const reason = "moves to https://user:canary-4@8.8.8.8/hook?token=canary-5, says its owner";
      const paused = await api.call("POST", `/v1/subscriptions/${id}/pause`, {
        key: await keyOf("operator"),
        body: { reason },
      });
      expect(paused.body).toMatchObject({ statusReason: "moves to https://8.8.8.8/hook?(secret) says its owner" });
      expect(paused.text).not.toContain("canary");
      expect((await api.call("GET", "/v1/audit?limit=250")).text + JSON.stringify(api.log)).not.toContain("canary");
    },
  );

  test("the signing secret is shown at creation and at rotation, and never again", async () => {
    const { id, secret } = await create();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    for (const path of [`/v1/subscriptions/${id}`, "/v1/subscriptions", "/v1/audit"])
      expect((await api.call("GET", path)).text).not.toContain(secret.slice(8));
    expect((await api.call("GET", `/v1/subscriptions/${id}`)).body["secrets"]).toMatchObject([
      { prefix: `${secret.slice(0, 8)}…` },
    ]);

    const rotated = await api.call("POST", `/v1/subscriptions/${id}/secret/rotate`, { body: { overlapSeconds: 600 } });
    const next = String(rotated.body["secret"]);
    expect(rotated.status).toBe(200);
    expect(next).not.toBe(secret);
    const stored = await api.store.subscriptions.get(id);
    expect(stored?.secrets.map((each) => [each.secret, each.expiresAt === undefined])).toEqual([
      [next, true],
      [secret, false],
    ]);
    expect((await api.call("GET", `/v1/subscriptions/${id}`)).text).not.toContain(next.slice(8));
  });

  test("rotation without an overlap ends the old secret, and at most three stay", async () => {
    const { id } = await create();
    for (let i = 0; i < 4; i++) await api.call("POST", `/v1/subscriptions/${id}/secret/rotate`);
    expect((await api.store.subscriptions.get(id))?.secrets).toHaveLength(3);
    const last = await api.call("POST", `/v1/subscriptions/${id}/secret/rotate`, { body: { overlapSeconds: 0 } });
    expect((await api.store.subscriptions.get(id))?.secrets.map((each) => each.secret)).toEqual([last.body["secret"]]);
  });

  test("an own secret is taken as it is, a weak one is refused", async () => {
    const own = `whsec_${randomBytes(32).toString("base64")}`;
    expect((await create({ signing: { secret: own } })).secret).toBe(own);
    for (const weak of [
      "whsec_AA==",
      "my-own-words",
      "whsec_!!!",
      patterned(Buffer.alloc(32)),
      patterned(Buffer.alloc(24, "a")),
      `whsec_${"a".repeat(32)}`,
      patterned(Buffer.alloc(32, randomBytes(16))),
      patterned(Buffer.from(Array.from({ length: 32 }, (_, i) => i))),
    ]) {
      const problem = await api.problem("POST", "/v1/subscriptions", { body: input({ signing: { secret: weak } }) });
      expect(problem).toMatchObject({
        status: 422,
        code: "signing_secret_refused",
        errors: [{ path: "signing.secret" }],
      });
      expect(JSON.stringify(problem.errors)).not.toContain(weak);
    }
  });

  test("passwords, API-key values and private keys are never shown or logged", async () => {
    const authority = await createCertificateAuthority();
    const { cert, key } = await authority.issue({ usage: "client" });
    const basic = await create({
      auth: { type: "basic", username: "u", password: "pass-word-1" },
      tls: { clientCert: cert, clientKey: key, ca: authority.ca },
    });
    const header = await create({ auth: { type: "api_key", header: "X-Api-Key", value: "value-word-2" } });
    const seen = [
      basic.answer.text,
      header.answer.text,
      (await api.call("GET", "/v1/subscriptions")).text,
      (await api.call("GET", "/v1/audit")).text,
      JSON.stringify(api.log),
    ].join("\n");
    const privateLine = key.split("\n")[1] ?? "never";
    for (const secret of [
      "pass-word-1",
      "value-word-2",
      privateLine,
      basic.secret.slice(6),
      tenant.consumerKey.slice(40),
    ]) {
      const text = secret === basic.secret.slice(6) ? seen.replace(basic.answer.text, "") : seen;
      expect(text).not.toContain(secret);
    }
    expect((await api.call("GET", `/v1/subscriptions/${basic.id}`)).body).toMatchObject({
      auth: { type: "basic", username: "u" },
      tls: { hasClientKey: true, clientCert: cert },
    });
    expect((await api.store.subscriptions.get(basic.id))?.auth).toEqual({
      type: "basic",
      username: "u",
      password: "pass-word-1",
    });
  });
});

test("PEM is taken as people have it, and one file with key and certificate never shows the key", async () => {
  const authority = await createCertificateAuthority();
  const { intermediate, leaf } = await issueChain(authority);
  const asSaved = { clientCert: leaf.cert + intermediate.cert, ca: authority.ca };
  const haproxy = leaf.cert + intermediate.cert + leaf.key;
  const windows = (text: string) => `\ufeff${text.trimEnd().replaceAll("\n", "\r\n")}`;
  for (const tls of [
    { clientCert: windows(haproxy), clientKey: windows(haproxy), ca: windows(authority.ca) },
    { clientCert: haproxy.replaceAll(/^/gm, "  "), ca: authority.ca.replaceAll(/^/gm, "\t") },
    {
      clientCert: leaf.cert + intermediate.cert,
      clientKey: leaf.key.trimEnd(),
      ca: `subject=CN = größe\n${authority.ca}`,
    },
  ]) {
    const { id, answer } = await create({ tls });
    expect(answer.body).toMatchObject({ tls: { ...asSaved, hasClientKey: true } });
    expect(answer.text).not.toContain("PRIVATE KEY");
    expect((await api.store.subscriptions.get(id))?.tls).toEqual({ ...asSaved, clientKey: leaf.key });
  }
  const problem = await api.problem("POST", "/v1/subscriptions", { body: input({ tls: { ca: intermediate.cert } }) });
  expect(problem).toMatchObject({
    status: 422,
    code: "tls_refused",
    errors: [{ path: "tls.ca", message: expect.stringMatching(/intermediate.*Give the root certificate/) as string }],
  });
  const { id } = await create();
  expect(
    await api.problem("PATCH", `/v1/subscriptions/${id}`, {
      body: { tls: { clientCert: leaf.cert, clientKey: (await authority.issue()).key } },
    }),
  ).toMatchObject({
    code: "tls_refused",
    errors: [{ path: "tls.clientKey", message: expect.stringMatching(/does not belong/) as string }],
  });
  expect((await api.store.subscriptions.get(id))?.tls).toBeUndefined();
});
