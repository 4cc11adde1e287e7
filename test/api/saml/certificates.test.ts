// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { BasicConstraintsExtension, PemConverter, X509CertificateGenerator } from "@peculiar/x509";
import { beforeAll, expect, test } from "vitest";
import { createCertificateAuthority } from "../../../src/workers/trial/certificates.js";
import { readCertificate } from "../../../src/api/saml/certificates.js";

const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2_048,
};
let root: string;
let leaf: string;
let key: string;
let other: string;
beforeAll(async () => {
  const [rootKeys, leafKeys] = await Promise.all(
    [0, 1].map(() => webcrypto.subtle.generateKey(RSA, true, ["sign", "verify"])),
  );
  if (!rootKeys || !leafKeys) throw new Error("no keys");
  const dates = {
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: RSA,
  };
  root =
    (
      await X509CertificateGenerator.createSelfSigned({
        name: "CN=Root",
        keys: rootKeys,
        extensions: [new BasicConstraintsExtension(true)],
        ...dates,
      })
    ).toString("pem") + "\n";
  leaf =
    (
      await X509CertificateGenerator.create({
        subject: "CN=idp",
        issuer: "CN=Root",
        publicKey: leafKeys.publicKey,
        signingKey: rootKeys.privateKey,
        ...dates,
      })
    ).toString("pem") + "\n";
  key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", leafKeys.privateKey), "PRIVATE KEY") + "\n";
  other = (await createCertificateAuthority({ commonName: "Other" })).ca;
});

const bare = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, "");

test.each<[string, () => string]>([
  ["PEM", () => leaf],
  ["PEM of Windows", () => `\ufeff${leaf.replaceAll("\n", "\r\n")}`],
  ["the base64 of metadata", () => `\n   ${bare(leaf)}\n`],
  ["a dump of OpenSSL", () => `Certificate:\n  Data:\n    Subject: CN = idp\n${leaf}`],
  ["a chain, whose leaf signs", () => root + leaf],
  ["one file with the key", () => leaf + key],
])("a provider's certificate as %s", (_name, make) => {
  expect(readCertificate(make(), new Date())).toMatchObject({ ok: true, certificate: { pem: leaf } });
});

test.each<[string, () => string, RegExp]>([
  ["words", () => "no certificate", /^A certificate holds no PEM block/],
  ["a key alone", () => key, /holds no certificate, but a private key/],
  ["two that have nothing to do with each other", () => leaf + other, /belong to no common chain/],
])("refused with its reason: %s", (_name, make, reason) => {
  expect(readCertificate(make(), new Date())).toMatchObject({
    ok: false,
    fault: "unreadable",
    reason: expect.stringMatching(reason) as string,
  });
});
