import { expect, test } from "vitest";
import { isSignedBySecret, techniquesOf } from "../../../../web/src/parts/subscription/techniques.js";

test("a subscription without more than its secret is signed by it", () => {
  expect(techniquesOf({ signing: { schemes: ["v1"] } })).toEqual(["v1"]);
});

test("everything that is set is named once, signatures first", () => {
  expect(
    techniquesOf({
      signing: { schemes: ["v1a", "rfc9421"] },
      tls: { hasClientKey: true, clientCert: "-----BEGIN CERTIFICATE-----" },
      auth: [
        { type: "basic", username: "acme" },
        { type: "api_key", header: "x-key" },
      ],
      headers: ["x-tenant"],
    }),
  ).toEqual(["v1a", "rfc9421", "mtls", "basic", "api_key", "headers"]);
});

test("an authority or a TLS version alone is no client certificate", () => {
  const tls = { hasClientKey: false, ca: "-----BEGIN CERTIFICATE-----", minVersion: "TLSv1.3" };
  expect(techniquesOf({ signing: { schemes: ["v1"] }, tls, headers: [] })).toEqual(["v1"]);
});

test.each([
  [{ schemes: ["v1"] }, true],
  [{ schemes: ["v1a", "v1"] }, true],
  [{ schemes: ["v1a"] }, false],
  [{ schemes: ["rfc9421"] }, false],
  [{ schemes: ["rfc9421"], rfc9421: { alg: "hmac-sha256" } }, true],
  [{ schemes: ["v1a"], rfc9421: { alg: "hmac-sha256" } }, false],
] as const)("%o is signed by the secret: %s", (signing, expected) => {
  expect(isSignedBySecret({ ...signing, schemes: [...signing.schemes] })).toBe(expected);
});
