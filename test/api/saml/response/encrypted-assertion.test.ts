/**
 * Encrypted assertions: every form that identity providers send, and every attack on the plain form in the encrypted
 * one.
 */
import { createPublicKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { SamlRefusal } from "../../../../src/api/saml/service-provider.js";
import { newSpKey, rotatedSpKeys } from "../../../../src/api/saml/sp-keys.js";
import type { SamlConnection, SpKey } from "../../../../src/store/collections/saml-connections.js";
import { encryptAssertion, encryptedAssertion, type EncryptionOptions } from "../../../support/saml-encryption.js";
import {
  createSamlKey,
  type ReadRequest,
  type ResponseParts,
  responseXml,
  type SamlKey,
  signElement,
} from "../../../support/saml-idp.js";
import { type Bench, openBench } from "../connection.js";

let bench: Bench;
let keys: SpKey[];
let strict: SamlConnection;
/** Takes responses whose assertion alone is signed. */
let lenient: SamlConnection;
let attacker: SamlKey;

beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  keys = [await newSpKey(bench.connection.id)];
  strict = { ...bench.connection, keys };
  lenient = { ...strict, requireSignedResponse: false };
  attacker = await createSamlKey();
});
afterAll(() => bench?.database.close());

type Request = Pick<ReadRequest, "id" | "acsUrl" | "issuer">;
const certificate = () => keys[0]?.certificate ?? "";

/** Assertion signed, then encrypted, then the response signed when the connection wants that. */
function encrypted(
  request: Request,
  {
    connection = strict,
    changes = {},
    options = {},
    key = bench.idp.key,
    around = (xml: string) => xml,
  }: {
    connection?: SamlConnection;
    changes?: Partial<ResponseParts>;
    options?: Partial<EncryptionOptions>;
    key?: SamlKey;
    around?: (xml: string) => string;
  } = {},
): string {
  const inside = signElement(responseXml(bench.idp.parts(request, changes)), "Assertion", {
    key: key.key,
    cert: key.cert,
  });
  const outside = around(encryptAssertion(inside, { certificate: certificate(), ...options }));
  return connection.requireSignedResponse
    ? signElement(outside, "Response", { key: key.key, cert: key.cert })
    : outside;
}
const post = (given: Parameters<typeof encrypted>[1] = {}) =>
  bench.post((request) => encrypted(request, given), { connection: given.connection ?? strict });

describe("is opened, with its person in it:", () => {
  test.each<[string, Partial<EncryptionOptions>]>([
    ["AES-256-GCM and RSA-OAEP with SHA-1 (Keycloak)", {}],
    ["AES-128-GCM", { cipher: "aes128-gcm" }],
    ["AES-192-GCM", { cipher: "aes192-gcm" }],
    ["AES-256-CBC (ADFS, Entra, Okta)", { cipher: "aes256-cbc" }],
    ["AES-128-CBC (Shibboleth 3)", { cipher: "aes128-cbc" }],
    ["RSA-OAEP with SHA-256, masks with SHA-1", { digest: "sha256" }],
    ["the digest named that is meant anyway", { digest: "sha1" }],
    [
      "RSA-OAEP of XML Encryption 1.1 with SHA-256 for both",
      { transport: "rsa-oaep", digest: "sha256", mgf: "sha256" },
    ],
    ["RSA-OAEP of XML Encryption 1.1, nothing named", { transport: "rsa-oaep" }],
    ["RSA-OAEP of XML Encryption 1.1 with SHA-512", { transport: "rsa-oaep", digest: "sha512", mgf: "sha512" }],
    ["the key beside, by a RetrievalMethod (Shibboleth, SimpleSAMLphp)", { place: "beside, named" }],
    ["the key beside", { place: "beside, unnamed" }],
    ["the recipient named", { recipient: `https://hooks.example.com/saml/metadata/` }],
  ])("%s", async (_name, options) => {
    const recipient = options.recipient === undefined ? {} : { recipient: options.recipient + bench.connection.id };
    expect(await post({ options: { ...options, ...recipient } })).toMatchObject({
      ok: true,
      identity: { nameId: "person-1", groups: ["staff"] },
    });
    expect(await post({ connection: lenient, options: { ...options, ...recipient } })).toMatchObject({
      ok: true,
      identity: { nameId: "person-1" },
    });
  });

  test("a person's name outside ASCII, and an assertion that uses what is declared around it", async () => {
    expect(await post({ changes: { nameId: "pérsön-漢" } })).toMatchObject({
      ok: true,
      identity: { nameId: "pérsön-漢" },
    });
    const bare = (xml: string) =>
      xml.replace('<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', "<saml:Assertion");
    expect(
      await bench.post(
        (request) => {
          const inside = signElement(bare(responseXml(bench.idp.parts(request))), "Assertion", {
            key: bench.idp.key.key,
          });
          return signElement(encryptAssertion(inside, { certificate: certificate() }), "Response", {
            key: bench.idp.key.key,
          });
        },
        { connection: strict },
      ),
    ).toMatchObject({ ok: true });
  });

  test("with every key that counts, and with none that is over", async () => {
    const next = await newSpKey(strict.id, new Date());
    const both = { ...strict, keys: rotatedSpKeys(keys, next, 3_600) };
    expect(await post({ connection: both })).toMatchObject({ ok: true });
    expect(await post({ connection: both, options: { certificate: next.certificate } })).toMatchObject({ ok: true });
    expect(await post({ connection: { ...strict, keys: rotatedSpKeys(keys, next, 0) } })).toMatchObject({
      ok: false,
      code: "decryption_failed",
    });
    const over = keys.map((key) => ({ ...key, expiresAt: new Date(Date.now() - 1) }));
    expect(await post({ connection: { ...strict, keys: over } })).toMatchObject({
      ok: false,
      code: "encrypted_refused",
    });
  });

  test("once", async () => {
    const { url, requestId } = await bench.provider.begin(strict, "state");
    const request = {
      id: requestId,
      acsUrl: `https://hooks.example.com/saml/acs/${strict.id}`,
      issuer: `https://hooks.example.com/saml/metadata/${strict.id}`,
    };
    const SAMLResponse = Buffer.from(encrypted(request)).toString("base64");
    expect(url).toContain("SAMLRequest");
    expect(await bench.provider.accept(strict, { SAMLResponse }, [requestId])).toMatchObject({ ok: true });
    expect(await bench.provider.accept(strict, { SAMLResponse }, [requestId])).toMatchObject({
      ok: false,
      code: "replayed",
    });
  });
});

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

test("a signed assertion wrapped in the encrypted form is none", async () => {
  const wrapped = (request: Request, shape: (assertion: string, forged: string) => string) => {
    const signed = signElement(responseXml(bench.idp.parts(request)), "Assertion", { key: bench.idp.key.key });
    const assertion = /<saml:Assertion[ >][^]*<\/saml:Assertion>/.exec(signed)?.[0] ?? "";
    const forged = assertion.replace(/<ds:Signature[^]*<\/ds:Signature>/, "").replace(">person-1<", ">admin<");
    return signed.replace(assertion, () =>
      encryptedAssertion(shape(assertion, forged), { certificate: certificate() }),
    );
  };
  const id = (xml: string) => xml.replace(/ ID="[^"]*"/, ' ID="_forged"');
  for (const shape of [
    (assertion: string, forged: string) => forged + assertion,
    (assertion: string, forged: string) =>
      id(forged).replace("</saml:Assertion>", `<saml:Advice>${assertion}</saml:Advice></saml:Assertion>`),
    (assertion: string, forged: string) =>
      id(forged).replace(
        "<saml:Subject>",
        `${/<ds:Signature[^]*<\/ds:Signature>/.exec(assertion)?.[0] ?? ""}<saml:Subject>`,
      ),
    (assertion: string, forged: string) =>
      forged.replace(
        "<saml:Subject>",
        `${/<ds:Signature[^]*<\/ds:Signature>/.exec(assertion)?.[0].replace("</ds:Signature>", `<ds:Object>${assertion}</ds:Object></ds:Signature>`) ?? ""}<saml:Subject>`,
      ),
  ]) {
    expect(await bench.post((request) => wrapped(request, shape), { connection: lenient })).toMatchObject({
      ok: false,
      code: "decryption_failed",
    });
  }
  expect(
    await bench.post((request) => wrapped(request, (assertion) => assertion), { connection: lenient }),
  ).toMatchObject({ ok: true });
});

test("the pair is RSA with 3,072 bits, and its certificate is its own", () => {
  const [key] = keys;
  expect(createPublicKey(key?.privateKey ?? "").export({ type: "spki", format: "pem" })).toBe(
    createPublicKey(certificate()).export({ type: "spki", format: "pem" }),
  );
  expect(createPublicKey(certificate()).asymmetricKeyDetails).toMatchObject({ modulusLength: 3_072 });
});
