import { describe, expect, test } from "vitest";
import { createRequestHeaders } from "../../../src/endpoint/request-headers.js";
import { recompute, type SentRequest } from "../../../src/endpoint/signing/recompute.js";
import { newSigningSecret } from "../../../src/endpoint/signing/sign.js";
import { secretKeyId } from "../../../src/endpoint/signing/signature-headers.js";
import { newSigningKey } from "../../../src/endpoint/signing/signing-keys.js";
import type { Signing, SigningKey, SigningSecret, Subscription } from "../../../src/store/model.js";

const AT = new Date("2026-01-01T12:00:00.500Z");
const minutes = (count: number): Date => new Date(AT.getTime() + count * 60_000);
const secret = (createdAt: Date, expiresAt?: Date): SigningSecret => ({
  secret: newSigningSecret(),
  createdAt,
  ...(expiresAt && { expiresAt }),
});
const ALL: Signing = { schemes: ["v1", "v1a", "rfc9421"] };
const body = Buffer.from('{"amount":"12 €"}');

const subscriptionOf = (fields: Partial<Subscription> = {}): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url: "https://hooks.example.com/in?tenant=7",
  eventTypes: ["a.b"],
  secrets: [secret(minutes(-600))],
  status: "active",
  createdAt: minutes(-600),
  updatedAt: minutes(-600),
  ...fields,
});

/** As an attempt records it. */
function sentBy(subscription: Subscription, at = AT): SentRequest {
  const headersOf = createRequestHeaders({ version: "1" });
  const event = { id: "order:4711", type: "a.b", contentType: "application/json", bytes: body };
  const { recorded } = headersOf({ event, subscription, number: 1 }, at);
  return { method: "POST", url: subscription.url, headers: recorded, body, at };
}
const results = (sent: SentRequest, signers: Subscription | undefined) =>
  recompute(sent, signers).map(({ scheme, result }) => [scheme, result]);
const rotated = (before: Subscription, at: Date, keep = true): Subscription => ({
  ...before,
  secrets: [secret(at), ...(keep ? before.secrets.map((each) => ({ ...each, expiresAt: minutes(60) })) : [])],
});

describe("a signature is made again", () => {
  test("by each scheme, with its bytes and the name of its key", () => {
    const key = newSigningKey(minutes(-600));
    const subscription = subscriptionOf({ signing: ALL, keys: [key] });
    const sent = sentBy(subscription);
    const timestamp = Math.floor(AT.getTime() / 1_000);
    const found = recompute(sent, subscription);
    expect(found).toMatchObject([
      { scheme: "v1", result: "matches", keyid: secretKeyId("sub_1", subscription.secrets[0] as SigningSecret) },
      { scheme: "v1a", result: "matches", keyid: key.kid },
      { scheme: "rfc9421", result: "matches", keyid: key.kid, label: "sealpost" },
    ]);
    expect(found[0]?.signed?.toString()).toBe(`order~3A4711.${timestamp}.{"amount":"12 €"}`);
    expect(`v1,${found[0]?.signature} v1a,${found[1]?.signature}`).toBe(sent.headers["webhook-signature"]);
    expect(found[2]?.signed?.toString().split("\n").slice(0, 2)).toEqual([
      '"@method": POST',
      '"@target-uri": https://hooks.example.com/in?tenant=7',
    ]);
    expect(sent.headers["signature"]).toBe(`sealpost=:${found[2]?.signature}:`);
  });

  test("by a message signature with the secret", () => {
    const subscription = subscriptionOf({ signing: { schemes: ["rfc9421"], rfc9421: { alg: "hmac-sha256" } } });
    expect(recompute(sentBy(subscription), subscription)).toMatchObject([
      { scheme: "rfc9421", result: "matches", secret: subscription.secrets[0] },
    ]);
  });

  test("by all the secrets of an overlap, and after it has ended as long as they are kept", () => {
    const [older, newer] = [secret(minutes(-600), minutes(5)), secret(minutes(-10))];
    const subscription = subscriptionOf({ secrets: [newer, older] });
    expect(recompute(sentBy(subscription), subscription).map((each) => each.secret)).toEqual([newer, older]);
  });

  test("after a rotation that keeps the secret before", () => {
    const before = subscriptionOf({ signing: { schemes: ["v1", "rfc9421"], rfc9421: { alg: "hmac-sha256" } } });
    expect(results(sentBy(before), rotated(before, minutes(1)))).toEqual([
      ["v1", "matches"],
      ["rfc9421", "matches"],
    ]);
  });

  test("by none where nothing was sent", () => {
    const nothing = { method: "POST", url: "https://hooks.example.com/", headers: {}, body, at: AT };
    expect(recompute(nothing, subscriptionOf())).toEqual([]);
  });
});

describe("nothing is said", () => {
  const key: SigningKey = newSigningKey(minutes(-600));
  const before = subscriptionOf({ signing: ALL, keys: [key] });

  test("once secret and key were rotated away", () => {
    const after = { ...rotated(before, minutes(1), false), keys: [newSigningKey(minutes(1))] };
    expect(results(sentBy(before), after)).toEqual([
      ["v1", "secret_gone"],
      ["v1a", "secret_gone"],
      ["rfc9421", "secret_gone"],
    ]);
  });

  test("once the subscription or its keys are gone", () => {
    for (const after of [undefined, { ...before, secrets: [], keys: [] }])
      expect(results(sentBy(before), after).every(([, result]) => result === "secret_gone")).toBe(true);
  });

  test("of one secret of an overlap, while the other proves the bytes", () => {
    const [older, newer] = [secret(minutes(-600)), secret(minutes(-10))];
    const sent = sentBy(subscriptionOf({ secrets: [newer, older] }));
    expect(results(sent, subscriptionOf({ secrets: [secret(minutes(5)), newer] }))).toEqual([
      ["v1", "matches"],
      ["v1", "secret_gone"],
    ]);
  });

  test("of an attempt by a worker that did not know of the rotation a moment before", () => {
    const sent = sentBy(subscriptionOf());
    expect(results(sent, rotated(subscriptionOf(), minutes(-0.5), false))).toEqual([["v1", "secret_gone"]]);
  });
});

describe("a difference is told", () => {
  const key = newSigningKey(minutes(-600));
  const subscription = subscriptionOf({ signing: ALL, keys: [key] });
  const differs = [
    ["v1", "differs"],
    ["v1a", "differs"],
    ["rfc9421", "differs"],
  ];

  test("of the payload, also after a rotation that keeps the key", () => {
    const changed = { ...sentBy(subscription), body: Buffer.from('{"amount":"99 €"}') };
    expect(results(changed, subscription)).toEqual(differs);
    expect(results(changed, rotated(subscription, minutes(1)))).toEqual(differs);
  });

  test("of a header that is signed, and of the URL", () => {
    const sent = sentBy(subscription);
    const id = { ...sent, headers: { ...sent.headers, "webhook-id": "order~3A4712" } };
    expect(results(id, subscription)).toEqual(differs);
    const url = { ...sent, url: "https://hooks.example.com/in?tenant=8" };
    expect(results(url, subscription)).toEqual([["v1", "matches"], ["v1a", "matches"], differs[2]]);
  });

  test("of a record that lacks what was signed, or cannot be read", () => {
    const sent = sentBy(subscription);
    const { "content-digest": _gone, ...rest } = sent.headers;
    expect(recompute({ ...sent, headers: rest }, subscription)[2]).toMatchObject({ result: "differs" });
    expect(recompute({ ...sent, headers: rest }, subscription)[2]).not.toHaveProperty("signed");
    const broken = { ...sent.headers, signature: "sealpost=:", "signature-input": "((((" };
    expect(results({ ...sent, headers: broken }, subscription)).toHaveLength(2);
  });
});
