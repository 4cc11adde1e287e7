import { describe, expect, test } from "vitest";
import type { SamlRefusal } from "../../../../src/api/saml/service-provider.js";
import { encryptedAssertion } from "../../../support/saml-encryption.js";
import { type ResponseParts } from "../../../support/saml-idp.js";
import {
  bench,
  strict,
  lenient,
  certificate,
  encrypted,
  post,
  attacker,
  setUpEncryptedAssertion,
} from "./encrypted-assertion-setup.js";

setUpEncryptedAssertion();

describe("is refused before anything is decrypted:", () => {
  test.each<[string, SamlRefusal, Parameters<typeof encrypted>[1]]>([
    ["RSA 1.5", "encryption_refused", { options: { transport: "rsa-1_5" } }],
    ["Triple DES", "encryption_refused", { options: { cipher: "tripledes-cbc" } }],
    [
      "a mask generation that nobody knows",
      "encryption_refused",
      {
        around: (xml) =>
          xml.replace(/<\/xenc:EncryptionMethod>/, "<xenc:OAEPparams>eA==</xenc:OAEPparams></xenc:EncryptionMethod>"),
      },
    ],
    ["no key", "encrypted_refused", { around: (xml) => xml.replace(/<ds:KeyInfo>[^]*<\/ds:KeyInfo>/, "") }],
    [
      "ten keys",
      "encrypted_refused",
      {
        around: (xml) =>
          xml.replace(/<xenc:EncryptedKey[^]*<\/xenc:EncryptedKey>/, (key) =>
            Array.from({ length: 10 }, (_each, index) => key.replace("_key", `_key${index}`)).join(""),
          ),
      },
    ],
    [
      "two encrypted assertions",
      "encrypted_refused",
      {
        around: (xml) =>
          xml.replace(
            /<saml:EncryptedAssertion>[^]*<\/saml:EncryptedAssertion>/,
            (one) => one + one.replace("_key", "_other"),
          ),
      },
    ],
    [
      "a plain assertion beside",
      "encrypted_refused",
      { around: (xml) => xml.replace("</samlp:Response>", '<saml:Assertion ID="_x"/></samlp:Response>') },
    ],
    [
      "one id twice",
      "structure_refused",
      { around: (xml) => xml.replace(' Id="_key"', ` ID="${/ ID="([^"]*)"/.exec(xml)?.[1]}"`) },
    ],
    [
      "a response inside",
      "structure_refused",
      { around: (xml) => xml.replace("</samlp:Status>", "</samlp:Status><samlp:Response/>") },
    ],
  ])("%s", async (_name, code, given) => {
    expect(await post({ ...given, connection: lenient })).toEqual({
      ok: false,
      code,
      detail: expect.any(String) as string,
    });
    if (code !== "structure_refused") expect(await post(given)).toMatchObject({ ok: false, code });
  });

  test("signed by another key, or not at all where the connection asks for it", async () => {
    expect(await post({ key: attacker })).toMatchObject({ ok: false, code: "signature_invalid" });
    expect(
      await bench.post((request) => encrypted(request, { connection: lenient }), { connection: strict }),
    ).toMatchObject({ ok: false, code: "signature_missing" });
    expect(
      await bench.post((request) => encrypted(request).replace(/(<xenc:CipherValue>)../, "$1AA"), {
        connection: strict,
      }),
    ).toMatchObject({ ok: false, code: "signature_invalid" });
    expect(
      await bench.post((request) => encrypted(request).replace(/(<samlp:StatusCode )/, '$1 x="y" '), {
        connection: lenient,
      }),
    ).toMatchObject({ ok: false, code: "signature_invalid" });
  });
});

describe("says one and the same of whatever a stranger may have made up:", () => {
  const flip = (at: number) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    changed[at < 0 ? bytes.length + at : at] = (changed[at < 0 ? bytes.length + at : at] ?? 0) ^ 1;
    return changed;
  };
  const forged = '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_f" Version="2.0"/>';
  test.each<[string, Parameters<typeof encrypted>[1], "by a stranger"?]>([
    ["the padding of CBC", { options: { cipher: "aes256-cbc", tamper: flip(-17) } }],
    ["the last block of CBC", { options: { cipher: "aes256-cbc", tamper: flip(-1) } }],
    ["the first block of CBC", { options: { cipher: "aes256-cbc", tamper: flip(17) } }],
    ["half a block", { options: { cipher: "aes256-cbc", tamper: (bytes) => bytes.subarray(0, -8) } }],
    ["an IV alone", { options: { cipher: "aes256-cbc", tamper: (bytes) => bytes.subarray(0, 16) } }],
    ["the tag of GCM", { options: { tamper: flip(-1) } }],
    ["a byte under GCM", { options: { tamper: flip(40) } }],
    ["a tag of four bytes", { options: { tamper: (bytes) => bytes.subarray(0, -12) } }],
    ["a tag and no more", { options: { tamper: (bytes) => bytes.subarray(0, 16) } }],
    ["the wrapped key", { options: { tamperKey: flip(30) } }],
    ["the wrapped key, cut short", { options: { tamperKey: (bytes) => bytes.subarray(1) } }],
    ["another key wrapped", { options: { wrongKey: true } }],
    ["another key wrapped for CBC", { options: { wrongKey: true, cipher: "aes128-cbc" } }],
    ["signed by another key", {}, "by a stranger"],
    [
      "no assertion in it",
      {
        around: (xml) =>
          xml.replace(/<saml:EncryptedAssertion>[^]*<\/saml:EncryptedAssertion>/, () =>
            encryptedAssertion("no assertion", { certificate: certificate() }),
          ),
      },
    ],
    [
      "an unsigned assertion",
      {
        around: (xml) =>
          xml.replace(/<saml:EncryptedAssertion>[^]*<\/saml:EncryptedAssertion>/, () =>
            encryptedAssertion(forged, { certificate: certificate() }),
          ),
      },
    ],
    [
      "two assertions",
      {
        around: (xml) =>
          xml.replace(/<saml:EncryptedAssertion>[^]*<\/saml:EncryptedAssertion>/, () =>
            encryptedAssertion(forged + forged, { certificate: certificate() }),
          ),
      },
    ],
    [
      "what closes the response and opens another",
      {
        around: (xml) =>
          xml.replace(/<saml:EncryptedAssertion>[^]*<\/saml:EncryptedAssertion>/, () =>
            encryptedAssertion(
              `</samlp:Response><samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">${forged}`,
              { certificate: certificate() },
            ),
          ),
      },
    ],
    [
      "a document type",
      {
        around: (xml) =>
          xml.replace(/<saml:EncryptedAssertion>[^]*<\/saml:EncryptedAssertion>/, () =>
            encryptedAssertion(`<!DOCTYPE x>${forged}`, { certificate: certificate() }),
          ),
      },
    ],
    [
      "elements nested 100 deep",
      {
        around: (xml) =>
          xml.replace(/<saml:EncryptedAssertion>[^]*<\/saml:EncryptedAssertion>/, () =>
            encryptedAssertion("<a>".repeat(100) + "</a>".repeat(100), { certificate: certificate() }),
          ),
      },
    ],
  ])("%s", async (_name, given, stranger) => {
    const outcome = await post({ ...given, connection: lenient, ...(stranger && { key: attacker }) });
    expect(outcome).toEqual({ ok: false, code: "decryption_failed", detail: expect.any(String) as string });
  });
});

describe("after the signature in it has held, says what is wrong:", () => {
  test.each<[SamlRefusal, Partial<ResponseParts>]>([
    ["recipient_mismatch", { recipient: "https://evil.example/acs" }],
    ["audience_mismatch", { audience: "https://other.example" }],
    ["issuer_mismatch", { assertionIssuer: "https://other.example" }],
    ["expired", { notOnOrAfter: new Date(Date.now() - 600_000).toISOString() }],
    ["status_not_success", { status: "urn:oasis:names:tc:SAML:2.0:status:Responder" }],
    ["destination_mismatch", { destination: "https://evil.example/acs" }],
    ["name_id_refused", { nameId: "" }],
    ["request_unknown", { confirmationInResponseTo: "_other" }],
    ["issuer_mismatch", { issuer: null }],
    ["attributes_refused", { attributes: [["__proto__", ["x"]]] }],
  ])("%s", async (code, changes) => {
    expect(await post({ changes })).toMatchObject({ ok: false, code });
    expect(await post({ changes, connection: lenient })).toMatchObject({ ok: false, code });
  });
});
