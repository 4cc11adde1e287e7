import { createPublicKey, randomBytes, verify } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { expect, test } from "vitest";
import {
  asymmetricSignatures,
  jwksOf,
  liveKeys,
  newSigningKey,
  standardPublicKey,
  thumbprint,
  withKeys,
} from "../../../src/endpoint/signing/signing-keys.js";
import type { SigningKey, Subscription } from "../../../src/store/model.js";

const now = new Date();
const BODY = Buffer.from('{"test": 2432232314}');

test("gives the v1a vector of Standard Webhooks", () => {
  const pair = Buffer.from(
    "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    "base64",
  );
  const key: SigningKey = {
    kid: "x",
    privateKey: pair.subarray(0, 32).toString("base64url"),
    publicKey: pair.subarray(32).toString("base64url"),
    createdAt: now,
  };
  expect(
    asymmetricSignatures([key], { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestampSeconds: 1_614_265_330, body: BODY }),
  ).toBe("v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==");
});

test("the key id is the RFC 7638 thumbprint: the vector of RFC 8037, A.3, and as another library has it", async () => {
  expect(thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  const key = newSigningKey(now);
  const [jwk] = jwksOf([key]).keys;
  expect(jwk).toEqual({ kty: "OKP", crv: "Ed25519", x: key.publicKey, kid: key.kid, use: "sig", alg: "EdDSA" });
  expect(await calculateJwkThumbprint(jwk as never)).toBe(key.kid);
  expect(standardPublicKey(key)).toBe(`whpk_${Buffer.from(key.publicKey, "base64url").toString("base64")}`);
  expect(JSON.stringify(jwksOf([key]))).not.toContain(key.privateKey);
});

test.each([
  ["empty", Buffer.alloc(0)],
  ["2 MB", randomBytes(2 * 1024 * 1024)],
  ["no UTF-8", Buffer.from([0xff, 0xfe])],
])("signs the raw bytes of a body that is %s, and a changed byte, id or time does not verify", (_name, body) => {
  const key = newSigningKey(now);
  const signature = Buffer.from(
    asymmetricSignatures([key], { id: "evt_1", timestampSeconds: 5, body }).slice(4),
    "base64",
  );
  const publicKey = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: key.publicKey } });
  const holds = (start: string, bytes: Uint8Array) =>
    verify(null, Buffer.concat([Buffer.from(start), bytes]), publicKey, signature);
  expect(holds("evt_1.5.", body)).toBe(true);
  expect(holds("evt_2.5.", body)).toBe(false);
  expect(holds("evt_1.6.", body)).toBe(false);
  expect(holds("evt_1.5.", Buffer.concat([body, Buffer.from([0])]))).toBe(false);
});

test("live keys: not expired at this very instant, newest first, at most three", () => {
  const at = (ms: number) => new Date(ms);
  const key = (kid: string, createdAt: number, expiresAt?: number): SigningKey => ({
    kid,
    publicKey: kid,
    privateKey: kid,
    createdAt: at(createdAt),
    ...(expiresAt !== undefined && { expiresAt: at(expiresAt) }),
  });
  const kids = (...given: Parameters<typeof liveKeys>) => liveKeys(...given).map(({ kid }) => kid);
  expect(kids([key("old", 1, 5_000), key("new", 2)], at(4_999))).toEqual(["new", "old"]);
  expect(kids([key("old", 1, 5_000), key("new", 2)], at(5_000))).toEqual(["new"]);
  expect(kids([key("a", 1), key("b", 2), key("c", 3), key("d", 4)], at(9))).toEqual(["d", "c", "b"]);
  expect(kids(undefined, at(1))).toEqual([]);
});

test("a subscription has keys exactly while a scheme uses them", () => {
  const base = { secrets: [] } as unknown as Subscription;
  const kidsOf = (signing: Subscription["signing"], before: Subscription = base) =>
    withKeys({ ...before, ...(signing && { signing }) }, now).keys?.map(({ kid }) => kid);
  expect(kidsOf(undefined)).toBeUndefined();
  expect(kidsOf({ schemes: ["v1"] })).toBeUndefined();
  expect(kidsOf({ schemes: ["rfc9421"], rfc9421: { alg: "hmac-sha256" } })).toBeUndefined();
  expect(kidsOf({ schemes: ["rfc9421"] })).toHaveLength(1);
  const made = withKeys({ ...base, signing: { schemes: ["v1a"] } }, now);
  expect(kidsOf({ schemes: ["v1", "v1a", "rfc9421"] }, made)).toEqual(made.keys?.map(({ kid }) => kid));
  expect(kidsOf({ schemes: ["v1"] }, made)).toBeUndefined();
});
