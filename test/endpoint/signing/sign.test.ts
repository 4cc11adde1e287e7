import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { createSender, type Sender } from "../../../src/endpoint/send.js";
import {
  hmacSignatures,
  liveSecrets,
  newSigningSecret,
  parseSigningSecret,
  verify,
} from "../../../src/endpoint/signing/sign.js";
import { type Receiver, startReceiver } from "../../support/receiver.js";

const VECTOR = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestampSeconds: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
};
const live = (...given: Parameters<typeof liveSecrets>) => liveSecrets(...given).map(({ secret }) => secret);
const nowSeconds = () => Math.floor(Date.now() / 1_000);
const headersOf = (request: Parameters<typeof hmacSignatures>[0]) => ({
  "webhook-id": request.id,
  "webhook-timestamp": String(request.timestampSeconds),
  "webhook-signature": hmacSignatures(request),
});
const signed = (over: Partial<Parameters<typeof hmacSignatures>[0]> = {}) =>
  headersOf({
    id: VECTOR.id,
    timestampSeconds: VECTOR.timestampSeconds,
    body: VECTOR.body,
    secrets: [VECTOR.secret],
    ...over,
  });
const check = (headers: Record<string, string>, over: Partial<Parameters<typeof verify>[0]> = {}) =>
  verify({ headers, body: VECTOR.body, secrets: [VECTOR.secret], nowSeconds: VECTOR.timestampSeconds, ...over });

describe("hmacSignatures", () => {
  test("gives the published vector of Standard Webhooks", () => {
    expect(signed()).toEqual({
      "webhook-id": VECTOR.id,
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("signs with every secret, newest first, with three at most", () => {
    const secrets = [newSigningSecret(), newSigningSecret(), newSigningSecret(), newSigningSecret()];
    const each = secrets.map((secret) => signed({ secrets: [secret] })["webhook-signature"]);
    expect(signed({ secrets })["webhook-signature"]).toBe(each.slice(0, 3).join(" "));
  });

  test("signs raw bytes: two bodies that are not UTF-8 differ in their signatures", () => {
    const one = signed({ body: Buffer.from([0xff]) })["webhook-signature"];
    expect(signed({ body: Buffer.from([0xfe]) })["webhook-signature"]).not.toBe(one);
  });

  test.each([
    ["empty", new Uint8Array(0)],
    ["2 MB", randomBytes(2 * 1024 * 1024)],
  ])("signs a body that is %s", (_name, body) => {
    expect(check(signed({ body }), { body })).toEqual({ ok: true });
  });

  test("throws without a secret and for a malformed one, without repeating it", () => {
    expect(() => signed({ secrets: [] })).toThrow("no live signing secret");
    expect(() => signed({ secrets: ["whsec_AA=="] })).toThrow(/^(?!.*AA==)/);
  });

  test("keeps giving right answers beyond the number of prepared keys that are kept", () => {
    const first = signed()["webhook-signature"];
    for (let i = 0; i < 10_050; i++)
      signed({ body: Buffer.alloc(1), secrets: ["whsec_" + randomBytes(24).toString("base64")] });
    expect(signed()["webhook-signature"]).toBe(first);
  });
});

describe("verify", () => {
  test("accepts headers in any case", () => {
    const headers = Object.fromEntries(Object.entries(signed()).map(([name, value]) => [name.toUpperCase(), value]));
    expect(check(headers)).toEqual({ ok: true });
  });

  test("refuses another body, id or timestamp", () => {
    const flipped = Buffer.from(VECTOR.body);
    flipped[3] = (flipped[3] as number) ^ 1;
    expect(check(signed(), { body: flipped })).toEqual({ ok: false, code: "signature_mismatch" });
    expect(check({ ...signed(), "webhook-id": "msg_other" })).toEqual({ ok: false, code: "signature_mismatch" });
    expect(check({ ...signed(), "webhook-timestamp": "1614265331" })).toEqual({
      ok: false,
      code: "signature_mismatch",
    });
  });

  test.each([
    [-301, { ok: false, code: "timestamp_too_new" }],
    [-300, { ok: true }],
    [0, { ok: true }],
    [300, { ok: true }],
    [301, { ok: false, code: "timestamp_too_old" }],
  ])("with a clock %i s ahead gives %o", (ahead, expected) => {
    expect(check(signed(), { nowSeconds: VECTOR.timestampSeconds + ahead })).toEqual(expected);
  });

  test.each(["1614265330abc", " 1614265330", "1.614265330e9", "-1614265330", "", "0x60382f32"])(
    "refuses the timestamp %o",
    (timestamp) => {
      expect(check({ ...signed(), "webhook-timestamp": timestamp }).ok).toBe(false);
    },
  );

  test("passes over unknown schemes and truncated signatures", () => {
    const good = signed()["webhook-signature"];
    expect(check({ ...signed(), "webhook-signature": `v1a,AAAA v2,${good.slice(3)} ${good}` })).toEqual({ ok: true });
    expect(check({ ...signed(), "webhook-signature": `v2,${good.slice(3)}` })).toEqual({
      ok: false,
      code: "signature_mismatch",
    });
    expect(check({ ...signed(), "webhook-signature": good.slice(0, 20) })).toEqual({
      ok: false,
      code: "signature_mismatch",
    });
  });
});

describe("signing secrets", () => {
  const whsec = (bytes: number) => "whsec_" + randomBytes(bytes).toString("base64");
  test.each([24, 32, 63, 64])("takes %i bytes", (bytes) => {
    expect(parseSigningSecret(whsec(bytes)).ok).toBe(true);
  });
  test.each([
    ["one byte", "whsec_AA=="],
    ["23 bytes", whsec(23)],
    ["65 bytes", whsec(65)],
    ["no prefix", randomBytes(32).toString("base64")],
    ["nothing", "whsec_"],
    ["no padding", whsec(32).slice(0, -1)],
    ["a space", "whsec_ " + randomBytes(24).toString("base64")],
    ["base64url", "whsec_" + "-_".repeat(16)],
    ["bits left over", "whsec_" + "A".repeat(42) + "B="],
    ["a line break", whsec(24) + "\n"],
  ])("refuses %s", (_name, secret) => {
    expect(parseSigningSecret(secret)).toMatchObject({ ok: false, code: "secret_invalid" });
  });
  test("new ones hold 32 bytes and differ", () => {
    const secrets = new Set(Array.from({ length: 100 }, newSigningSecret));
    expect(secrets.size).toBe(100);
    for (const secret of secrets) expect(parseSigningSecret(secret)).toMatchObject({ ok: true, key: { length: 32 } });
  });
});

test("a rotation signs with both secrets, newest first, until the old one expires to the millisecond", () => {
  const at = (ms: number) => new Date(1_700_000_000_000 + ms);
  const old = { secret: "old", createdAt: at(0), expiresAt: at(5_000) };
  const fresh = { secret: "new", createdAt: at(1_000) };
  expect(live([old, fresh], at(4_999))).toEqual(["new", "old"]);
  expect(live([old, fresh], at(5_000))).toEqual(["new"]);
  const many = [1, 2, 3, 4].map((n) => ({ secret: String(n), createdAt: at(n) }));
  expect(live(many, at(9))).toEqual(["4", "3", "2"]);
});

describe("on the wire", () => {
  let receiver: Receiver;
  let sender: Sender;
  beforeAll(async () => {
    receiver = await startReceiver();
    sender = createSender({ guard: createGuard({ allowLocal: true }) });
  });
  afterAll(async () => {
    await sender.close();
    await receiver.close();
  });

  test("10,000 random documents arrive byte for byte and verify with the official library", async () => {
    const secrets = [newSigningSecret(), newSigningSecret()];
    const library = secrets.map((secret) => new Webhook(secret));
    const sent = Array.from({ length: 10_000 }, (_, i) => ({ id: `evt_${i}`, body: Buffer.from(randomDocument(i)) }));
    const queue = [...sent];
    const failures: unknown[] = [];
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          const headers = headersOf({ id: next.id, timestampSeconds: nowSeconds(), body: next.body, secrets });
          const exchange = await sender.send({
            identity: { subscriptionId: "s", url: receiver.url, version: 1 },
            headers: { ...headers },
            body: next.body,
            timeoutMs: 30_000,
          });
          if (exchange.kind !== "response" || exchange.status !== 204) failures.push(exchange);
        }
      }),
    );
    expect(failures).toEqual([]);
    const byId = new Map(sent.map((document) => [document.id, document.body]));
    expect(receiver.requests).toHaveLength(10_000);
    for (const { headers, body } of receiver.requests) {
      expect(body.equals(byId.get(headers["webhook-id"] as string) as Buffer)).toBe(true);
      for (const webhook of library) webhook.verify(body, headers as Record<string, string>);
      expect(verify({ headers, body, secrets: [secrets[1] as string], nowSeconds: nowSeconds() })).toEqual({
        ok: true,
      });
    }
  });
});

/**
 * JSON text with what serialisers disagree on: -0, large exponents, lone surrogates as escapes, key order, white space.
 */
function randomDocument(seed: number): string {
  let state = seed + 1;
  const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  const strings = [
    "\u00e9",
    "\u{1f600}",
    "\\ud800",
    "\\u0000",
    "\u2028",
    "\u4e2d\u6587",
    'a\\"b',
    "",
    "__proto__",
    "e\u0301",
  ];
  const numbers = ["-0", "1e21", "1E400", "0.1", "12345678901234567890", "-1.5e-7", "0"];
  const value = (depth: number): string => {
    switch (random(depth > 3 ? 3 : 5)) {
      case 0:
        return numbers[random(numbers.length)] as string;
      case 1:
        return `"${strings[random(strings.length)]}"`;
      case 2:
        return ["true", "false", "null"][random(3)] as string;
      case 3:
        return `[${Array.from({ length: random(4) }, () => value(depth + 1)).join(" , ")}]`;
      default:
        return `{${Array.from(
          { length: random(4) },
          (_, i) => `"${strings[random(strings.length)]}${9 - i}" :\t${value(depth + 1)}`,
        ).join(",\n")}}`;
    }
  };
  return `{"n":${seed},"value": ${value(0)}}`;
}
