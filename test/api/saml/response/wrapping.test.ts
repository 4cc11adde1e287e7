/**
 * Signature wrapping (Somorovsky et al., "On Breaking SAML", 2012): the signed element stays valid somewhere in the
 * document while another one is read. All eight shapes, on responses signed in every way, with the forged assertion
 * under the signed one's id and under its own.
 */
import { createHash, createVerify } from "node:crypto";
import { DOMParser, XMLSerializer } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { SignedXml as VulnerableSignedXml } from "xml-crypto-vulnerable";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { samlLibrary } from "../../../../src/api/saml/library.js";
import type { SamlConnection } from "../../../../src/store/collections/saml-connections.js";
import { encodeResponse, type ReadRequest, responseXml } from "../../../support/saml-idp.js";
import { type Bench, connectionTo, openBench, PUBLIC_URL } from "../connection.js";
import { SHAPES, SIGNATURE, SIGNED, signatureOf, wrap } from "./wrapping-shapes.js";

let bench: Bench;
/** Takes responses that are not signed themselves. */
let lenient: SamlConnection;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  lenient = connectionTo(bench.idp, { requireSignedResponse: false });
});
afterAll(() => bench?.database.close());

const goodResponse = (request: ReadRequest, what: ("Assertion" | "Response")[]) =>
  bench.idp.sign(responseXml(bench.idp.parts(request)), { what });

describe.each(Object.entries(SIGNED))("signed: %s", (_name, what) => {
  test.each(
    Object.entries(SHAPES).flatMap(([name, shape]) => [true, false].map((sameId) => ({ name, shape, sameId }))),
  )("$name (same id: $sameId)", async ({ shape, sameId }) => {
    for (const connection of [bench.connection, lenient]) {
      const outcome = await bench.post((request) => wrap(goodResponse(request, what), shape, sameId), { connection });
      expect(outcome).toMatchObject({
        ok: false,
        code: expect.stringMatching(/^(structure_refused|signature_missing|signature_invalid)$/) as string,
      });
    }
  });
});

test("the same responses are accepted as they were", async () => {
  const untouched = (request: ReadRequest, what: ("Assertion" | "Response")[]) =>
    new XMLSerializer().serializeToString(new DOMParser().parseFromString(goodResponse(request, what), "text/xml"));
  expect(await bench.post((request) => untouched(request, ["Assertion", "Response"]))).toMatchObject({ ok: true });
  expect(await bench.post((request) => untouched(request, ["Assertion"]), { connection: lenient })).toMatchObject({
    ok: true,
  });
});

/** CVE-2025-29775: a comment in DigestValue is not signed, yet the old version reads the digest from it. */
function forgeDigest(xml: string): string {
  const changed = xml.replace(">person-1<", ">admin<");
  const verifier = new SignedXml({ publicCert: bench.idp.key.cert });
  const document = new DOMParser().parseFromString(changed, "text/xml");
  const [assertion] = Array.from(document.getElementsByTagName("saml:Assertion"));
  if (!assertion) throw new Error("no assertion");
  verifier.loadSignature(signatureOf(assertion));
  const [reference] = verifier.getReferences();
  // Canonicalized by the library itself, so that the forged digest is the one it will compute.
  const canonical = (
    verifier as unknown as { getCanonReferenceXml(document: Document, reference: unknown, node: Element): string }
  ).getCanonReferenceXml(document, reference, assertion);
  const digest = createHash("sha256").update(canonical).digest("base64");
  return changed.replace("<ds:DigestValue>", `<ds:DigestValue><!--${digest}-->`);
}

describe("a positive control: a forged digest (CVE-2025-29775)", () => {
  const verifies = (
    xml: string,
    verifier: { loadSignature(node: Node): void; checkSignature(xml: string): boolean },
  ): boolean => {
    const [assertion] = Array.from(
      new DOMParser().parseFromString(xml, "text/xml").getElementsByTagName("saml:Assertion"),
    );
    if (!assertion) throw new Error("no assertion");
    verifier.loadSignature(signatureOf(assertion));
    try {
      return verifier.checkSignature(xml);
    } catch {
      return false;
    }
  };

  test("bites xml-crypto 6.0.0, and neither the version in use, nor the library, nor this service", async () => {
    const outcome = await bench.post(
      (request) => {
        const good = goodResponse(request, ["Assertion"]);
        const forged = forgeDigest(good);
        expect(forged).toContain(">admin<");
        const publicCert = bench.idp.key.cert;
        expect(verifies(good, new VulnerableSignedXml({ publicCert }))).toBe(true);
        expect(verifies(forged, new VulnerableSignedXml({ publicCert }))).toBe(true);
        expect(verifies(good, new SignedXml({ publicCert }))).toBe(true);
        expect(verifies(forged, new SignedXml({ publicCert }))).toBe(false);
        return forged;
      },
      { connection: lenient },
    );
    expect(outcome).toMatchObject({ ok: false, code: "markup_refused" });

    const { url, requestId } = await bench.provider.begin(lenient, "state");
    const library = samlLibrary({
      connection: lenient,
      publicUrl: PUBLIC_URL,
      certificates: [bench.idp.key.cert],
      requestedAt: () => new Date().toISOString(),
    });
    const request = {
      id: requestId,
      acsUrl: `${PUBLIC_URL}/saml/acs/${lenient.id}`,
      issuer: `${PUBLIC_URL}/saml/metadata/${lenient.id}`,
      relayState: "",
      xml: url,
    };
    await expect(
      library.validatePostResponseAsync({
        SAMLResponse: encodeResponse(forgeDigest(goodResponse(request, ["Assertion"]))),
      }),
    ).rejects.toThrow();
  });

  test("the signature in it is the identity provider's own, unchanged", async () => {
    await bench.post(
      (request) => {
        const forged = forgeDigest(goodResponse(request, ["Assertion"]));
        const value = /<ds:SignatureValue>([^<]*)/.exec(forged)?.[1] ?? "";
        // Exclusive canonicalization of SignedInfo as xml-crypto writes it: the prefix is declared on it, and comments
        // fall away.
        const info = (/<ds:SignedInfo>.*?<\/ds:SignedInfo>/.exec(forged)?.[0] ?? "")
          .replace("<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="${SIGNATURE}">`)
          .replace(/<!--.*?-->/, "")
          .replaceAll(/<(ds:\w+)([^>]*)\/>/g, "<$1$2></$1>");
        expect(createVerify("RSA-SHA256").update(info).verify(bench.idp.key.cert, value, "base64")).toBe(true);
        return forged;
      },
      { connection: lenient },
    );
  });
});
