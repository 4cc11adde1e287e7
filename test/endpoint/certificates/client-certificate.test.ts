import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { checkTls } from "../../../src/endpoint/certificates/client-certificate.js";
import type { EndpointTls } from "../../../src/store/model.js";
import {
  type CertificateAuthority,
  type IssuedCertificate,
  createCertificateAuthority,
  issueChain,
  renewedBy,
} from "../../support/certificates.js";

const DAY_MS = 86_400_000;
let authority: CertificateAuthority;
let client: IssuedCertificate;
let other: IssuedCertificate;
let stranger: CertificateAuthority;
let chain: Awaited<ReturnType<typeof issueChain>>;
beforeAll(async () => {
  authority = await createCertificateAuthority();
  [client, other] = await Promise.all([
    authority.issue({ usage: "client", notAfter: new Date(Date.UTC(2030, 0, 1)) }),
    authority.issue(),
  ]);
  chain = await issueChain(authority);
  stranger = await createCertificateAuthority({ commonName: "Stranger" });
});
const tls = ({ cert, key }: IssuedCertificate, more: EndpointTls = {}): EndpointTls => ({
  clientCert: cert,
  clientKey: key,
  ...more,
});

describe("accepts", () => {
  test("nothing, a version, an authority alone", () => {
    expect(checkTls({})).toEqual({ ok: true, tls: {} });
    expect(checkTls({ minVersion: "TLSv1.2" })).toEqual({ ok: true, tls: { minVersion: "TLSv1.2" } });
    expect(checkTls({ ca: authority.ca })).toEqual({ ok: true, tls: { ca: authority.ca } });
  });
  test("a certificate with its key, and says when it ends", () => {
    expect(checkTls(tls(client, { ca: authority.ca }))).toEqual({
      ok: true,
      notAfter: new Date(Date.UTC(2030, 0, 1)),
      tls: { clientCert: client.cert, clientKey: client.key, ca: authority.ca },
    });
  });
  test("a chain: the earliest end counts", () => {
    const check = checkTls(tls({ ...client, cert: client.cert + authority.ca }));
    expect(check.ok && (check.notAfter as Date) < new Date(Date.now() + 366 * DAY_MS)).toBe(true);
  });
  test("a certificate without extended key usage, and an EC key in SEC 1 form", async () => {
    expect(checkTls(tls(await authority.issue({ usage: "none" }))).ok).toBe(true);
    const sec1 = createPrivateKey(client.key).export({ type: "sec1", format: "pem" }) as string;
    expect(checkTls(tls({ ...client, key: sec1 })).ok).toBe(true);
  });
});

/**
 * One file, as haproxy and many tools have it, in any order, given once or as both. What is saved is always the same.
 */
describe("certificate and key in one file", () => {
  const expected = () => ({
    clientCert: chain.leaf.cert + chain.intermediate.cert + authority.ca,
    clientKey: chain.leaf.key,
  });
  const parts = () => [chain.leaf.key, authority.ca, chain.leaf.cert, chain.intermediate.cert];
  test.each<[string, () => EndpointTls]>([
    ["as both", () => ({ clientCert: parts().join(""), clientKey: parts().join("") })],
    ["as the certificate alone", () => ({ clientCert: parts().reverse().join("") })],
    ["as the key alone", () => ({ clientKey: parts().join("\r\n") })],
    [
      "as the certificate, with the key once more",
      () => ({ clientCert: `\ufeff${parts().join("")}`, clientKey: chain.leaf.key }),
    ],
    [
      "as both, exchanged",
      () => ({ clientCert: chain.leaf.key, clientKey: authority.ca + chain.intermediate.cert + chain.leaf.cert }),
    ],
    [
      "with a certificate that belongs to another chain",
      () => ({ clientCert: other.cert + parts().join(""), clientKey: chain.leaf.key }),
    ],
  ])("%s", (_name, make) => {
    expect(checkTls(make())).toMatchObject({ ok: true, tls: expected() });
  });
  test("as authority: the roots and what lies below them, and no key", () => {
    expect(checkTls({ ca: parts().join("") })).toEqual({
      ok: true,
      tls: { ca: authority.ca + chain.intermediate.cert },
    });
  });
  test("renewed with the same key: the one that ends last", async () => {
    const key = createPrivateKey(client.key);
    const again = await renewedBy(authority, client, new Date(Date.UTC(2031, 0, 1)));
    expect(
      checkTls({ clientCert: client.cert + again, clientKey: key.export({ type: "pkcs8", format: "pem" }) as string }),
    ).toMatchObject({ notAfter: new Date(Date.UTC(2031, 0, 1)) });
  });
});

test.each<[string, () => EndpointTls, string, RegExp]>([
  [
    "a foreign key",
    () => tls({ cert: client.cert, key: other.key }),
    "clientKey",
    /does not belong to the client certificate\. Compare `openssl x509/,
  ],
  [
    "an encrypted key",
    () => ({
      clientCert: client.cert,
      clientKey: createPrivateKey(client.key).export({
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase: "x",
      }) as string,
    }),
    "clientKey",
    /is encrypted\. Decrypt it with `openssl pkey/,
  ],
  [
    "a request",
    () => tls({ ...client, cert: client.cert.replaceAll("CERTIFICATE", "CERTIFICATE REQUEST") }),
    "clientCert",
    /holds no certificate, but a certificate request/,
  ],
  [
    "a damaged certificate",
    () => tls({ ...client, cert: client.cert.replace("MII", "M*I") }),
    "clientCert",
    /^The client certificate holds a block "CERTIFICATE" \(number 1\) whose base64 is damaged/,
  ],
  [
    "an intermediate",
    () => ({ ca: chain.intermediate.cert }),
    "ca",
    /Give the root certificate .* issued by "CN=Test authority"/,
  ],
  ["a leaf", () => ({ ca: chain.leaf.cert }), "ca", /Give the root certificate .* issued by "CN=Test intermediate"/],
])("says what is wrong of which file: %s", (_name, make, field, reason) => {
  expect(checkTls(make())).toMatchObject({ ok: false, field, reason: expect.stringMatching(reason) as string });
});

describe("refuses", () => {
  const encrypted = () =>
    createPrivateKey(client.key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "x",
    }) as string;
  const encryptedSec1 = () =>
    createPrivateKey(client.key).export({
      type: "sec1",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "x",
    }) as string;
  const publicKey = () => generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }) as string;
  test.each<[string, () => EndpointTls | Promise<EndpointTls>, string]>([
    ["another's key", () => tls({ cert: client.cert, key: other.key }), "key_mismatch"],
    ["an encrypted key", () => tls({ ...client, key: encrypted() }), "key_encrypted"],
    ["an encrypted key in the old form", () => tls({ ...client, key: encryptedSec1() }), "key_encrypted"],
    ["a public key", () => tls({ ...client, key: publicKey() }), "key_unreadable"],
    ["no key", () => ({ clientCert: client.cert }), "certificate_without_key"],
    ["a key alone", () => ({ clientKey: client.key }), "key_without_certificate"],
    [
      "authorities of another chain",
      () => tls({ ...chain.leaf, cert: chain.leaf.cert + stranger.ca }),
      "certificate_wrong_chain",
    ],
    [
      "the root without the intermediate that issued it",
      () => tls({ ...chain.leaf, cert: chain.leaf.cert + authority.ca }),
      "certificate_wrong_chain",
    ],
    ["nonsense as certificate", () => tls({ ...client, cert: "nonsense" }), "certificate_unreadable"],
    ["damaged base64", () => tls({ ...client, cert: client.cert.replace(/MII/, "AII") }), "certificate_unreadable"],
    [
      "a key in place of the certificate",
      () => ({ clientCert: client.key, clientKey: client.key }),
      "certificate_unreadable",
    ],
    [
      "an encrypted key in the file of the certificate",
      () => ({ clientCert: client.cert + encrypted() }),
      "key_encrypted",
    ],
    ["an intermediate as authority", () => ({ ca: chain.intermediate.cert }), "ca_not_root"],
    [
      "an intermediate beside another root",
      async () => ({ ca: chain.intermediate.cert + (await createCertificateAuthority({ commonName: "Other" })).ca }),
      "ca_not_root",
    ],
    ["a chain without its root as authority", () => ({ ca: chain.leaf.cert + chain.intermediate.cert }), "ca_not_root"],
    ["a key as authority", () => ({ ca: client.key }), "ca_unreadable"],
    [
      "an expired certificate",
      async () => tls(await authority.issue({ usage: "client", expired: true })),
      "certificate_expired",
    ],
    [
      "one of tomorrow",
      async () => tls(await authority.issue({ usage: "client", notBefore: new Date(Date.now() + DAY_MS) })),
      "certificate_not_yet_valid",
    ],
    ["a server's certificate", () => tls(other), "certificate_wrong_usage"],
    ["nonsense as authority", () => ({ ca: "nonsense" }), "ca_unreadable"],
    ["a leaf as authority", () => ({ ca: other.cert }), "ca_not_authority"],
    ["too much", () => ({ ca: authority.ca.repeat(200) }), "too_large"],
    ["too many", () => tls({ ...client, cert: client.cert + authority.ca.repeat(20) }), "too_large"],
  ])("%s", async (_name, make, code) => {
    const given = await make();
    const check = checkTls(given);
    expect(check).toMatchObject({ ok: false, code, reason: expect.stringMatching(/\.$/) as string });
    if (!check.ok && given.clientKey) expect(check.reason).not.toContain(given.clientKey.slice(40, 60));
  });
  test("an authority that has ended since", () => {
    expect(checkTls({ ca: authority.ca }, new Date(Date.now() + 400 * DAY_MS))).toMatchObject({
      ok: false,
      code: "ca_expired",
    });
  });
});

/** The certificate with the month of its end set to 99, which OpenSSL reads without a word. */
function withImpossibleEnd({ cert, key }: IssuedCertificate): IssuedCertificate {
  const der = Buffer.from(cert.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  // The second UTCTime of 13 characters is notAfter. Its month are the third and fourth.
  const notAfter = der.indexOf(Buffer.of(0x17, 0x0d), der.indexOf(Buffer.of(0x17, 0x0d)) + 15);
  der.write("99", notAfter + 4, "latin1");
  return { cert: `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`, key };
}

test("refuses dates that are none: what was saved could not be shown", () => {
  expect(checkTls(tls(withImpossibleEnd(client)))).toMatchObject({ ok: false, code: "certificate_unreadable" });
  expect(checkTls({ ca: withImpossibleEnd({ cert: authority.ca, key: authority.key }).cert })).toMatchObject({
    ok: false,
    code: "ca_unreadable",
  });
});
