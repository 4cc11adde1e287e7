/**
 * A signature's SignedInfo is checked before anything large is done, to know whose key made it. Whatever the library
 * accepts must pass here.
 */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { isMadeByOne } from "../../../../src/api/saml/response/signed-info.js";
import { readResponse } from "../../../../src/api/saml/response/response.js";
import {
  createSamlKey,
  type ReadRequest,
  responseXml,
  type SamlKey,
  type SigningOptions,
} from "../../../support/saml-idp.js";
import { type Bench, openBench } from "../connection.js";

let bench: Bench;
let other: SamlKey;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  other = await createSamlKey();
});
afterAll(() => bench?.database.close());

const request = { id: "_x", acsUrl: "https://x.example/acs", issuer: "https://x.example" };
const signed = (options: Partial<SigningOptions> = {}, from: Pick<ReadRequest, "id" | "acsUrl" | "issuer"> = request) =>
  bench.idp.sign(responseXml(bench.idp.parts(from)), options);

function verdicts(xml: string, certificates: string[]): boolean[] {
  const read = readResponse(xml, { requireSignedResponse: true });
  if (!read.ok) throw new Error(read.code);
  return read.signatures.map((signature) => isMadeByOne(signature, certificates));
}

test("with one of the connection's keys, whichever it is, and with no other", () => {
  expect(verdicts(signed(), [bench.idp.key.cert])).toEqual([true, true]);
  expect(verdicts(signed(), [other.cert, bench.idp.key.cert])).toEqual([true, true]);
  expect(verdicts(signed(), [other.cert])).toEqual([false, false]);
  expect(verdicts(signed({ key: other.key, cert: bench.idp.key.cert }), [bench.idp.key.cert])).toEqual([false, false]);
  expect(verdicts(signed().replace(/(<ds:DigestValue>)../, "$1AA"), [bench.idp.key.cert])).toContain(false);
  expect(verdicts(signed().replace(/(<ds:SignatureValue>)[^<]*/, "$1"), [bench.idp.key.cert])).toContain(false);
});

test.each<[string, Partial<SigningOptions>]>([
  ["RSA with SHA-512", { signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" }],
  ["RSA-PSS", { signatureAlgorithm: "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1" }],
])("%s passes, here and at the library", async (_name, options) => {
  expect(verdicts(signed(options), [bench.idp.key.cert])).toEqual([true, true]);
  expect(await bench.post((asked) => signed(options, asked))).toMatchObject({ ok: true });
});

test("a signature value that is broken into lines passes too", async () => {
  // The response's own, which stands first and is covered by no other.
  const broken = (xml: string) =>
    xml.replace(
      /(<ds:SignatureValue>)([^<]*)/,
      (_all, tag: string, value: string) => `${tag}\n${value.replaceAll(/.{64}/g, "$&\n")}\n`,
    );
  expect(await bench.post((asked) => broken(signed({}, asked)))).toMatchObject({ ok: true });
});
