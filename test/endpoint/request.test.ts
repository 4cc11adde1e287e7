import { createHash } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { parseSigningSecret } from "../../src/endpoint/signing/sign.js";
import { secretKeyId } from "../../src/endpoint/signing/signature-headers.js";
import { newSigningKey } from "../../src/endpoint/signing/signing-keys.js";
import type { Signing, Subscription } from "../../src/store/model.js";
import { createCertificateAuthority } from "../support/certificates.js";
import { type VerificationKey, verifiedLabels } from "../support/message-signature.js";
import { type ReceivedRequest, startReceiver } from "../support/receiver.js";
import { server, endpoint, lines, event, secretOf, subscriptionFor, deliver, setUpRequest } from "./request-setup.js";

setUpRequest();

/** What a consumer that knows the subscription's keys finds. */
function labels(
  request: ReceivedRequest,
  { id, url, keys, secrets }: Subscription,
  change: Partial<{ method: string; url: string; body: Buffer; headers: Record<string, string> }> = {},
): string[] {
  const known = new Map<string, VerificationKey>((keys ?? []).map(({ kid, publicKey }) => [kid, { x: publicKey }]));
  for (const each of secrets) {
    const parsed = parseSigningSecret(each.secret);
    if (parsed.ok) known.set(secretKeyId(id, each), parsed.key);
  }
  return verifiedLabels(
    { method: "POST", url, body: request.body, ...change, headers: { ...request.headers, ...change.headers } },
    (keyid) => known.get(keyid),
    request.at / 1_000,
  );
}

describe("signatures, as a consumer verifies them", () => {
  test.each<[string, Signing]>([
    ["ed25519 and sha-256", { schemes: ["rfc9421"] }],
    ["hmac-sha256", { schemes: ["rfc9421"], rfc9421: { alg: "hmac-sha256" } }],
    ["sha-512, beside v1 and v1a", { schemes: ["v1", "v1a", "rfc9421"], rfc9421: { digest: "sha-512" } }],
  ])("a message signature with %s holds, and what is changed on the way does not", async (_name, signing) => {
    const subscription = subscriptionFor({ signing, url: `${endpoint.url}?a=1&b=%20` });
    expect((await deliver(subscription)).status).toBe("delivered");
    const [request] = endpoint.requests as [ReceivedRequest];
    expect(request.body).toEqual(event.bytes);
    expect(labels(request, subscription)).toEqual(["sealpost"]);
    expect(labels(request, subscription, { method: "PUT" })).toEqual([]);
    expect(labels(request, subscription, { url: endpoint.url })).toEqual([]);
    expect(labels(request, subscription, { body: Buffer.from("{}") })).toEqual([]);
    expect(labels(request, subscription, { headers: { "webhook-id": "evt_2" } })).toEqual([]);
    expect(labels(request, subscription, { headers: { "webhook-timestamp": "1" } })).toEqual([]);
    expect(labels(request, subscription, { headers: { "content-type": "text/html" } })).toEqual([]);
    const digest = `sha-256=:${createHash("sha256").update("{}").digest("base64")}:`;
    expect(labels(request, subscription, { body: Buffer.from("{}"), headers: { "content-digest": digest } })).toEqual(
      [],
    );
    // Another subscription's keys do not verify it.
    expect(labels(request, { ...subscriptionFor({ signing }), url: subscription.url })).toEqual([]);
  });

  test("without v1 there is no HMAC, without Standard Webhooks no webhook-signature", async () => {
    await deliver(subscriptionFor({ signing: { schemes: ["v1a"] } }));
    await deliver(subscriptionFor({ signing: { schemes: ["rfc9421"] } }));
    await deliver(subscriptionFor());
    const [v1a, rfc9421, plain] = endpoint.requests as [ReceivedRequest, ReceivedRequest, ReceivedRequest];
    expect(v1a.headers["webhook-signature"]).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    expect(v1a.headers).not.toHaveProperty("signature");
    expect(rfc9421.headers).not.toHaveProperty("webhook-signature");
    expect(plain.headers["webhook-signature"]).toMatch(/^v1,\S+$/);
    for (const name of ["signature", "signature-input", "content-digest"])
      expect(plain.headers).not.toHaveProperty(name);
  });

  test("during a rotation old and new sign, by every scheme and newest first; afterwards the new alone", async () => {
    const [before, now, later] = [new Date(Date.now() - 1_000), new Date(), new Date(Date.now() + 60_000)];
    const old = { secret: secretOf(before, later), key: { ...newSigningKey(before), expiresAt: later } };
    const fresh = { secret: secretOf(now), key: newSigningKey(now) };
    const during = subscriptionFor({
      signing: { schemes: ["v1", "v1a", "rfc9421"] },
      secrets: [old.secret, fresh.secret],
      keys: [old.key, fresh.key],
    });
    await deliver(during);
    const [request] = endpoint.requests as [ReceivedRequest];
    expect(labels(request, during)).toEqual(["sealpost", "sealpost-2"]);
    expect(labels(request, { ...during, keys: [old.key] })).toEqual(["sealpost-2"]);
    expect(
      String(request.headers["webhook-signature"])
        .split(" ")
        .map((each) => each.split(",")[0]),
    ).toEqual(["v1", "v1", "v1a", "v1a"]);
    for (const { secret } of [old.secret, fresh.secret])
      expect(new Webhook(secret).verify(request.body, request.headers as Record<string, string>)).toBeDefined();
    const [first] = String(request.headers["webhook-signature"]).split(" ");
    expect(
      new Webhook(fresh.secret.secret).verify(request.body, {
        ...(request.headers as Record<string, string>),
        "webhook-signature": String(first),
      }),
    ).toBeDefined();

    const ended = {
      ...during,
      secrets: [{ ...old.secret, expiresAt: now }, fresh.secret],
      keys: [{ ...old.key, expiresAt: now }, fresh.key],
    };
    await deliver(ended);
    const after = endpoint.requests[1] as ReceivedRequest;
    expect(labels(after, ended)).toEqual(["sealpost"]);
    expect(labels(after, { ...during, keys: [old.key] })).toEqual([]);
    expect(() => new Webhook(old.secret.secret).verify(after.body, after.headers as Record<string, string>)).toThrow();
  });
});

test("everything at once, over mutual TLS, towards an endpoint that enforces all of it", async () => {
  const authority = await createCertificateAuthority();
  const { cert, key } = await authority.issue({ usage: "client", commonName: "sealpost" });
  const strict = await startReceiver({ tls: { ...(await authority.issue()), clientCa: authority.ca } });
  try {
    server.respond = () => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: '{"access_token":"canary-1","token_type":"Bearer"}',
    });
    const subscription = subscriptionFor({
      url: strict.url,
      tls: { clientCert: cert, clientKey: key, ca: authority.ca },
      signing: { schemes: ["v1", "v1a", "rfc9421"] },
      headers: { "X-Tenant": "canary-2" },
      auth: [
        { type: "oauth2", tokenUrl: server.url, clientId: "c", clientSecret: "canary-3" },
        { type: "api_key", header: "X-Api-Key", value: "canary-4" },
      ],
    });
    strict.respond = (request) => {
      const { headers, clientCertificate } = request;
      const holds =
        clientCertificate?.commonName === "sealpost" &&
        headers.authorization === "Bearer canary-1" &&
        headers["x-api-key"] === "canary-4" &&
        headers["x-tenant"] === "canary-2" &&
        labels(request, subscription).length === 1 &&
        Boolean(
          new Webhook(subscription.secrets[0]?.secret ?? "").verify(request.body, headers as Record<string, string>),
        ) &&
        /^v1,\S+ v1a,\S+$/.test(String(headers["webhook-signature"]));
      return { status: holds ? 204 : 403 };
    };
    const result = await deliver(subscription);
    expect(result).toMatchObject({ status: "delivered" });
    expect(JSON.stringify(result) + lines.join("")).not.toContain("canary");
    // Each of them counts.
    const { tls: _tls, ...rest } = subscription;
    const without: Partial<Subscription>[] = [
      { headers: { "x-other": "1" } },
      { auth: { type: "api_key", header: "X-Api-Key", value: "canary-4" } },
      { signing: { schemes: ["v1"] } },
    ];
    for (const change of without)
      expect((await deliver({ ...subscription, ...change })).attempt).toMatchObject({ status: 403 });
    expect((await deliver({ ...rest, id: "sub_2", tls: { ca: authority.ca } })).status).toBe("retrying");
  } finally {
    await strict.close();
  }
});
