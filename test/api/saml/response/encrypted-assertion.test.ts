/**
 * Encrypted assertions: every form that identity providers send, and every attack on the plain form in the encrypted
 * one.
 */
import { createPublicKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newSpKey, rotatedSpKeys } from "../../../../src/api/saml/sp-keys.js";
import { encryptAssertion, encryptedAssertion, type EncryptionOptions } from "../../../support/saml-encryption.js";
import { responseXml, signElement } from "../../../support/saml-idp.js";
import {
  bench,
  keys,
  strict,
  lenient,
  type Request,
  certificate,
  encrypted,
  post,
  setUpEncryptedAssertion,
} from "./encrypted-assertion-setup.js";

setUpEncryptedAssertion();

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
    (assertion: string, forged: string) => {
      const signature = /<ds:Signature[^]*<\/ds:Signature>/.exec(assertion)?.[0] ?? "";
      const holding = signature.replace("</ds:Signature>", `<ds:Object>${assertion}</ds:Object></ds:Signature>`);
      return forged.replace("<saml:Subject>", `${holding}<saml:Subject>`);
    },
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
