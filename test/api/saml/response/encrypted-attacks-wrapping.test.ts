import { DOMParser, XMLSerializer } from "@xmldom/xmldom";
import { describe, expect, test } from "vitest";
import { newSpKey } from "../../../../src/api/saml/sp-keys.js";
import { newId } from "../../../../src/store/ids.js";
import { encryptAssertion, encryptedAssertion } from "../../../support/saml-encryption.js";
import { type ReadRequest, responseXml } from "../../../support/saml-idp.js";
import { SHAPES, SIGNED, wrap } from "./wrapping-shapes.js";
import {
  bench,
  strict,
  lenient,
  certificate,
  refusedAs,
  encrypt,
  encrypted,
  SIGNED_INSIDE,
  setUpEncryptedAttacks,
} from "./encrypted-attacks-setup.js";

setUpEncryptedAttacks();

/** Which of the assertions below the response an attacker encrypts. */
const CHOICES: Record<string, (found: Element[]) => Element[]> = {
  "the first": (found) => found.slice(0, 1),
  "the last": (found) => found.slice(-1),
  "every one": (found) => found,
};

/**
 * The text with these assertions encrypted, wherever they stand. Inner ones come first, so that one may be encrypted
 * within another.
 */
function encryptSome(xml: string, choose: (found: Element[]) => Element[]): string {
  const document = new DOMParser().parseFromString(xml, "text/xml");
  const found = Array.from(document.getElementsByTagName("saml:Assertion"));
  for (const assertion of choose(found).toReversed()) {
    const text = encryptedAssertion(new XMLSerializer().serializeToString(assertion), { certificate: certificate() });
    const holder = new DOMParser().parseFromString(
      text.replace(
        "<saml:EncryptedAssertion>",
        '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">',
      ),
      "text/xml",
    ).documentElement;
    assertion.parentNode?.replaceChild(document.importNode(holder, true), assertion);
  }
  return new XMLSerializer().serializeToString(document);
}

describe.each(Object.entries(SIGNED))("wrapped, signed: %s", (_name, what) => {
  test.each(
    Object.entries(SHAPES).flatMap(([name, shape]) => [true, false].map((sameId) => ({ name, shape, sameId }))),
  )("$name (same id: $sameId)", async ({ shape, sameId }) => {
    const attempts = Object.values(CHOICES).flatMap((choose) =>
      [strict, lenient].map((connection) => ({ choose, connection })),
    );
    const outcomes = await Promise.all(
      attempts.map(({ choose, connection }) =>
        bench.post(
          (request) =>
            encryptSome(wrap(bench.idp.sign(responseXml(bench.idp.parts(request)), { what }), shape, sameId), choose),
          { connection },
        ),
      ),
    );
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        ok: false,
        code: expect.stringMatching(
          /^(structure_refused|signature_missing|signature_invalid|encrypted_refused|decryption_failed)$/,
        ) as string,
      });
  });
});

describe("an assertion that was signed for the provider's own purpose", () => {
  test("is used once, however often and for however many keys it is encrypted", async () => {
    let assertion = "";
    const again = (make: (xml: string) => string) =>
      bench.post(
        (request) => {
          const signed = bench.idp.sign(responseXml(bench.idp.parts(request)), SIGNED_INSIDE);
          assertion ||= signed;
          return make(assertion);
        },
        { connection: { ...lenient, idpInitiated: true } },
      );
    const unasked = (xml: string) => xml.replaceAll(/ InResponseTo="[^"]*"/g, "");
    const free = await bench.post(
      (request) => {
        assertion = bench.idp.sign(unasked(responseXml(bench.idp.parts(request))), SIGNED_INSIDE);
        return encrypt(assertion);
      },
      { connection: { ...lenient, idpInitiated: true } },
    );
    expect(free).toMatchObject({ ok: true });
    for (const make of [
      encrypt,
      (xml: string) => xml,
      (xml: string) => encryptAssertion(xml, { certificate: certificate(), cipher: "aes128-cbc" }),
    ]) {
      expect(await again(make)).toMatchObject({ ok: false, code: "replayed" });
    }
  });

  test("is not opened by another connection, nor taken when it was made for one", async () => {
    const other = { ...lenient, id: newId("conn"), keys: [await newSpKey("other")] };
    expect(await bench.post((request) => encrypted(request, SIGNED_INSIDE), { connection: other })).toEqual(
      refusedAs("decryption_failed"),
    );
    const forOther = (request: ReadRequest) =>
      encryptAssertion(
        bench.idp.sign(
          responseXml(bench.idp.parts({ ...request, issuer: `https://hooks.example.com/saml/metadata/${strict.id}` })),
          SIGNED_INSIDE,
        ),
        { certificate: other.keys[0]?.certificate ?? "" },
      );
    expect(await bench.post(forOther, { connection: other })).toEqual(refusedAs("audience_mismatch"));
  });
});
