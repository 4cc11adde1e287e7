// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto, X509Certificate } from "node:crypto";
import { type JsonGeneralNames, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { expect, test } from "vitest";
import { factsOf } from "../../../src/endpoint/certificates/certificate-facts.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

async function certificate(name: string, names: JsonGeneralNames = []): Promise<X509Certificate> {
  const made = await X509CertificateGenerator.createSelfSigned({
    name,
    keys: await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]),
    serialNumber: "0a1b2c",
    notBefore: new Date("2026-01-02T03:04:05Z"),
    notAfter: new Date("2026-12-31T23:59:59Z"),
    signingAlgorithm: ALGORITHM,
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
  });
  return new X509Certificate(Buffer.from(made.rawData));
}

test("a certificate is read out", async () => {
  const given = await certificate("C=DE, O=Acme Bank, CN=hooks.example.com", [
    { type: "dns", value: "hooks.example.com" },
    { type: "dns", value: "*.example.org" },
    { type: "ip", value: "192.0.2.7" },
    { type: "url", value: "spiffe://example.com/hooks" },
    { type: "email", value: "ops@example.com" },
  ]);
  expect(factsOf(given)).toEqual({
    subject: "C=DE, O=Acme Bank, CN=hooks.example.com",
    issuer: "C=DE, O=Acme Bank, CN=hooks.example.com",
    serial: "0a1b2c",
    names: ["hooks.example.com", "*.example.org", "192.0.2.7", "spiffe://example.com/hooks", "ops@example.com"],
    notBefore: "2026-01-02T03:04:05.000Z",
    notAfter: "2026-12-31T23:59:59.000Z",
    sha256: given.fingerprint256.replaceAll(":", "").toLowerCase(),
  });
});

test("one without names has none", async () => {
  expect(factsOf(await certificate("CN=plain")).names).toEqual([]);
});

test("a name that pretends to be two is one", async () => {
  const names = factsOf(
    await certificate("CN=x", [
      { type: "dns", value: "a.example.com, DNS:bank.example" },
      { type: "url", value: 'https://"quoted".example, DNS:bank.example' },
    ]),
  ).names;
  expect(names).toEqual(["a.example.com, DNS:bank.example", 'https://"quoted".example, DNS:bank.example']);
});

test("what another party wrote stays on one line, in its direction and within bounds", async () => {
  const hostile = factsOf(
    await certificate(`CN=a\u202eb\u0007c ${"n".repeat(5_000)}`, [{ type: "url", value: `u:${"x".repeat(1_000)}` }]),
  );
  expect(hostile.subject).not.toMatch(/[\u0000-\u001f\u202e]/);
  expect(hostile.subject).toHaveLength(301);
  expect(hostile.names).toEqual([`u:${"x".repeat(253)}…`]);
});

test("letters of other scripts stay", async () => {
  expect(factsOf(await certificate("CN=Τράπεζα Αθηνών")).subject).toBe("CN=Τράπεζα Αθηνών");
});

test("of very many names the first are kept, and the rest are counted", async () => {
  const names = Array.from({ length: 70 }, (_, index) => ({ type: "dns" as const, value: `h${index}.example.com` }));
  const { names: kept, moreNames } = factsOf(await certificate("CN=many", names));
  expect(kept).toHaveLength(50);
  expect(kept[49]).toBe("h49.example.com");
  expect(moreNames).toBe(20);
});
