import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { PEM_FILE_LIMITS, readPem } from "../../../src/endpoint/certificates/pem.js";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  issueChain,
  pkcs7Of,
} from "../../support/certificates.js";

let authority: CertificateAuthority;
let intermediate: string;
let leaf: { cert: string; key: string };
beforeAll(async () => {
  authority = await createCertificateAuthority();
  const chain = await issueChain(authority);
  intermediate = chain.intermediate.cert;
  leaf = chain.leaf;
});

const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
const block = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${(der.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END ${label}-----\n`;
/** The certificate with a time that is none: the month in the first UTCTime (tag 23, 13 characters). */
function inMonth99(pem: string): Buffer {
  const der = derOf(pem);
  der.write("99", der.indexOf(Buffer.of(0x17, 0x0d)) + 4, "latin1");
  return der;
}
/** What was understood: names of certificates, how many keys. */
const seen = (given: string | Uint8Array) => {
  const content = readPem(given);
  return content.ok
    ? { names: content.certificates.map(({ x509 }) => x509.subject), keys: content.keys.length }
    : content.reason;
};
const LEAF = "CN=leaf";
const CHAIN = [LEAF, "CN=Test intermediate", "CN=Test authority"];
const chainText = () => leaf.cert + intermediate + authority.ca;
const utf16 = (text: string, bigEndian = false): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
  return bigEndian ? bytes.swap16() : bytes;
};

describe("one certificate", () => {
  test.each<[string, () => string | Uint8Array]>([
    ["as it is", () => leaf.cert],
    ["with CRLF", () => leaf.cert.replaceAll("\n", "\r\n")],
    ["with CR alone", () => leaf.cert.replaceAll("\n", "\r")],
    ["with a byte-order mark", () => `\ufeff${leaf.cert}`],
    [
      "with the byte-order mark of UTF-8 as bytes",
      () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(leaf.cert)]),
    ],
    ["without a newline at the end", () => leaf.cert.trimEnd()],
    ["indented by spaces", () => leaf.cert.replaceAll(/^/gm, "    ")],
    ["indented by tabs, with blank lines between", () => leaf.cert.replaceAll(/^/gm, "\t").replaceAll("\n", "\n\n")],
    ["with spaces at the ends of lines", () => leaf.cert.replaceAll("\n", "  \n")],
    ["with non-breaking spaces", () => leaf.cert.replaceAll(/^/gm, "\u00a0")],
    ["as a mail quotes it", () => leaf.cert.replaceAll(/^/gm, "> ")],
    ["as a mail quotes it twice", () => leaf.cert.replaceAll(/^/gm, ">> > ")],
    ["with line breaks of HTML", () => leaf.cert.replaceAll("\n", "<br>\n") + leaf.cert.replaceAll("\n", "<br />")],
    ["with line ends of a mainframe", () => leaf.cert.replaceAll("\n", "\u0085")],
    ["in one line", () => leaf.cert.replaceAll("\n", " ")],
    ["with line ends as two characters", () => leaf.cert.replaceAll("\n", "\\n")],
    ["with Windows' line ends as four characters, in quotes", () => `"${leaf.cert.replaceAll("\n", "\\r\\n")}"`],
    ["percent-encoded", () => encodeURIComponent(leaf.cert)],
    ["with dashes of a word processor", () => leaf.cert.replaceAll("-----", "–––––")],
    ["UTF-16 of Windows", () => utf16(leaf.cert)],
    ["UTF-16 in the other order", () => utf16(leaf.cert, true)],
    ["UTF-16 that was read as bytes", () => utf16(leaf.cert).toString("latin1")],
    [
      "behind a text dump",
      () => `Certificate:\n    Data:\n        Subject: CN = Größe\n        X509v3 Key Usage: critical\n${leaf.cert}`,
    ],
    [
      "below OpenSSL's attributes",
      () =>
        "Bag Attributes\n    friendlyName: größe\n    localKeyID: 54 69 6D\nsubject=CN = " +
        `leaf\n\nissuer=CN = x\n\n${leaf.cert}`,
    ],
    [
      "as s_client shows it",
      () =>
        `CONNECTED(00000003)\n---\nCertificate chain\n 0 s:CN = leaf\n   i:CN = x\n${leaf.cert}---\nServer ` +
        `certificate\n${leaf.cert}---\nno peer\n`,
    ],
    [
      "as keytool lists it",
      () => `Alias name: one\nCertificate chain length: 1\nCertificate[1]:\n${leaf.cert}\n\n*******\n`,
    ],
    ["as X509 CERTIFICATE", () => block("X509 CERTIFICATE", derOf(leaf.cert))],
    [
      "as TRUSTED CERTIFICATE, with the settings behind it",
      () =>
        block(
          "TRUSTED CERTIFICATE",
          Buffer.concat([derOf(leaf.cert), Buffer.from("300c300a06082b06010505070302", "hex")]),
        ),
    ],
    ["as PKCS #7 that is called a certificate", () => block("CERTIFICATE", pkcs7Of([leaf.cert]))],
    ["base64 without armour", () => derOf(leaf.cert).toString("base64")],
    ["base64 without armour, in lines", () => leaf.cert.split("\n").slice(1, -2).join("\r\n")],
    ["base64 of the PEM, as in secrets of Kubernetes", () => Buffer.from(leaf.cert).toString("base64")],
    ["DER", () => derOf(leaf.cert)],
    ["twice", () => leaf.cert + leaf.cert],
    ["with dashes that copying left out", () => leaf.cert.replace("-----BEGIN", "---BEGIN").trimEnd().slice(0, -2)],
    [
      "with spaces within the lines of dashes",
      () => leaf.cert.replaceAll(/-----(\w+ CERTIFICATE)-----/g, "----- $1 -----"),
    ],
    ["with its name in small letters", () => leaf.cert.replaceAll("CERTIFICATE", "certificate")],
    ["with zero-width spaces of a web page", () => leaf.cert.replaceAll("\n", "\u200b\n")],
    [
      "with header lines in the block",
      () => leaf.cert.replace("CERTIFICATE-----\n", "CERTIFICATE-----\nSubject: CN=leaf\nX-Key-Id: 1\n\n"),
    ],
    ["base64 without armour, in quotes", () => `"${derOf(leaf.cert).toString("base64")}"`],
  ])("%s", (_name, make) => {
    expect(seen(make())).toEqual({ names: [LEAF], keys: 0 });
    const content = readPem(make());
    expect(content.ok && new X509Certificate(content.certificates[0]?.pem ?? "").fingerprint256).toBe(
      new X509Certificate(leaf.cert).fingerprint256,
    );
    expect(content.ok && content.certificates[0]?.pem).toBe(leaf.cert);
  });
});

describe("several blocks", () => {
  test.each<[string, () => string | Uint8Array, { names: string[]; keys: number }]>([
    ["a chain", chainText, { names: CHAIN, keys: 0 }],
    ["key, certificate and chain in one file", () => leaf.key + chainText(), { names: CHAIN, keys: 1 }],
    [
      "parameters before the key",
      () => block("EC PARAMETERS", Buffer.from("06082a8648ce3d030107", "hex")) + sec1() + leaf.cert,
      { names: [LEAF], keys: 1 },
    ],
    [
      "parameters and lists that nobody needs",
      () =>
        leaf.cert +
        block("DH PARAMETERS", Buffer.from("3006020103020102", "hex")) +
        block("X509 CRL", Buffer.from("3000", "hex")),
      { names: [LEAF], keys: 0 },
    ],
    ["PKCS #7", () => block("PKCS7", pkcs7Of([leaf.cert, intermediate, authority.ca])), { names: CHAIN, keys: 0 }],
    [
      "PKCS #7 by its longer name",
      () => block("PKCS #7 SIGNED DATA", pkcs7Of([leaf.cert])),
      { names: [LEAF], keys: 0 },
    ],
    ["CMS", () => block("CMS", pkcs7Of([leaf.cert])), { names: [LEAF], keys: 0 }],
    ["a key alone as DER", () => derOf(leaf.key), { names: [], keys: 1 }],
    ["a key alone in base64", () => derOf(leaf.key).toString("base64"), { names: [], keys: 1 }],
    ["PKCS #7 as binary", () => pkcs7Of([leaf.cert, intermediate]), { names: CHAIN.slice(0, 2), keys: 0 }],
    ["a key of another kind than its label", () => block("RSA PRIVATE KEY", derOf(leaf.key)), { names: [], keys: 1 }],
    ["an encrypted key beside a certificate", () => encrypted("pkcs8") + leaf.cert, { names: [LEAF], keys: 0 }],
  ])("%s", (_name, make, expected) => {
    expect(seen(make())).toEqual(expected);
  });

  const sec1 = () => createPrivateKey(leaf.key).export({ type: "sec1", format: "pem" }) as string;
  const encrypted = (type: "pkcs8" | "sec1") =>
    createPrivateKey(leaf.key).export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "canary" }) as string;

  test.each(["pkcs8", "sec1"] as const)("an encrypted key (%s) is known as one, with and without armour", (type) => {
    expect(readPem(encrypted(type))).toMatchObject({ ok: true, keys: [], encryptedKey: true });
    if (type === "pkcs8") expect(readPem(derOf(encrypted(type)))).toMatchObject({ ok: true, encryptedKey: true });
  });

  test.each(["ed25519", "rsa", "ec"] as const)("a key of kind %s keeps its bytes", (kind) => {
    const { privateKey } =
      kind === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2_048 })
        : kind === "ec"
          ? generateKeyPairSync("ec", { namedCurve: "P-384" })
          : generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    const content = readPem(`\ufeff${pem.replaceAll("\n", "\r\n")}`);
    expect(content.ok && content.keys.map((each) => each.pem)).toEqual([pem]);
  });
});

describe("what cannot be read is named", () => {
  test.each<[string, () => string | Uint8Array, RegExp]>([
    ["nothing", () => " \r\n", /^is empty/],
    ["words", () => "my certificate", /^holds no PEM block/],
    ["a cut-off end", () => leaf.cert.slice(0, -40), /^is cut off: a block "CERTIFICATE" begins/],
    [
      "a cut-off end before another block",
      () => leaf.cert.replace("-----END CERTIFICATE-----", "") + authority.ca,
      /^is cut off/,
    ],
    [
      "damaged base64",
      () => authority.ca + leaf.cert.replace("MII", "M*I"),
      /block "CERTIFICATE" \(number 2\) whose base64 is damaged/,
    ],
    ["damaged DER", () => leaf.cert.replace("MII", "AII"), /number 1\) that is damaged or no certificate/],
    [
      "a public key as certificate",
      () => block("CERTIFICATE", generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" })),
      /that is damaged or no certificate/,
    ],
    [
      "PKCS #7 that is damaged",
      () => block("PKCS7", Buffer.from("3003020101", "hex")),
      /openssl pkcs7 -in chain\.p7b -print_certs/,
    ],
    ["PKCS #7 without a certificate", () => block("PKCS7", pkcs7Of([])), /openssl pkcs7 -in chain\.p7b -print_certs/],
    ["a date in the 99th month", () => block("CERTIFICATE", inMonth99(leaf.cert)), /that is damaged or no certificate/],
    [
      "what begins as a key does, and is none",
      () => Buffer.from("3008020100300302010a", "hex").toString("base64"),
      /neither a certificate nor a key/,
    ],
    [
      "what begins as an encrypted key does, and goes on",
      () => Buffer.from("300b3003020101040100040100", "hex").toString("base64"),
      /neither a certificate nor a key/,
    ],
    ["a certificate too often", () => leaf.cert.repeat(21), /more than 20 certificates\.$/],
    ["a key too often", () => leaf.key.repeat(21), /more than 20 certificates or keys/],
    [
      "PKCS #12",
      () => Buffer.from("300e020103300906072a864886f70d01", "hex"),
      /PKCS #12 file\. Convert it with `openssl pkcs12/,
    ],
    [
      "a Java keystore",
      () => Buffer.from("feedfeed0000000200000001", "hex"),
      /Java keystore\. Convert it with `keytool/,
    ],
    [
      "a Java keystore in base64",
      () => Buffer.from("feedfeed0000000200000001", "hex").toString("base64"),
      /Java keystore/,
    ],
    ["a PuTTY key", () => "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none", /PuTTY key/],
    ["base64 of something else", () => Buffer.from('{"a":1}').toString("base64"), /neither a certificate nor a key/],
    ["too much", () => authority.ca.repeat(200), /more than 65536 characters/],
    [
      "too many certificates",
      () => Array.from({ length: 81 }, () => block("X509 CRL", Buffer.from("3000", "hex"))).join(""),
      /more than 80 blocks/,
    ],
  ])("%s", (_name, make, reason) => {
    expect(readPem(make())).toMatchObject({ ok: false, reason: expect.stringMatching(reason) as string });
  });

  test.each<[string, string, string]>([
    ["a request", "CERTIFICATE REQUEST", "a certificate request, which an authority must sign first"],
    ["a request of Windows", "NEW CERTIFICATE REQUEST", "a certificate request, which an authority must sign first"],
    ["a public key", "PUBLIC KEY", "a public key"],
    ["an OpenSSH key", "OPENSSH PRIVATE KEY", "an OpenSSH key (convert it with `ssh-keygen -p -m PKCS8 -f key`)"],
    ["a damaged key", "EC PRIVATE KEY", 'a private key "EC PRIVATE KEY" that is damaged or of an unknown kind'],
  ])("%s", (_name, label, words) => {
    expect(readPem(block(label, Buffer.from("3000", "hex")))).toMatchObject({
      ok: true,
      certificates: [],
      keys: [],
      others: [words],
    });
  });

  test("nothing of a key is in a reason", () => {
    const half = leaf.key.slice(0, 120);
    const content = readPem(half);
    expect(content).toMatchObject({ ok: false });
    if (!content.ok) expect(content.reason).not.toContain(half.slice(40, 60));
  });
});

test("a file may be larger than what comes over the API, and dashes alone are read once", async () => {
  const authorities = (
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => createCertificateAuthority({ commonName: `CA ${index}` })),
    )
  ).map(({ ca }) => ca);
  const many = authorities.join("");
  expect(seen(block("PKCS7", pkcs7Of(authorities)))).toMatch(/more than 20 certificates or keys/);
  expect(seen(many)).toMatch(/more than 20 certificates/);
  expect(readPem(Buffer.from(many), PEM_FILE_LIMITS)).toMatchObject({ ok: true, certificates: { length: 30 } });
  expect(seen("-".repeat(65_536))).toMatch(/no PEM block/);
});
