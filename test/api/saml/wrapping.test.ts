/**
 * Signature wrapping (Somorovsky et al., "On Breaking SAML", 2012): the signed element stays valid somewhere in the document while another one
 * is read. All eight shapes, on responses signed in every way, with the forged assertion under the signed one's id and under its own.
 */
import { createHash, createVerify } from "node:crypto";
import { DOMParser, XMLSerializer } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { SignedXml as VulnerableSignedXml } from "xml-crypto-vulnerable";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { samlLibrary } from "../../../src/api/saml/library.js";
import { childrenOf } from "../../../src/api/saml/xml.js";
import type { SamlConnection } from "../../../src/store/saml-connections.js";
import { encodeResponse, type ReadRequest, responseXml } from "../../support/saml-idp.js";
import { type Bench, connectionTo, openBench, PUBLIC_URL } from "./connection.js";

const SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";
let bench: Bench;
/** Takes responses that are not signed themselves. */
let lenient: SamlConnection;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  lenient = connectionTo(bench.idp, { requireSignedResponse: false });
});
afterAll(() => bench?.database.close());

interface Parts {
  document: Document;
  response: Element;
  assertion: Element;
  /** A copy that names somebody else, without signature. */
  forged: Element;
}
const childOf = (parent: Element, name: string) => childrenOf(parent).find(({ localName }) => localName === name);
const signatureOf = (element: Element): Element => childOf(element, "Signature") ?? element.ownerDocument.createElementNS(SIGNATURE, "ds:Signature");
function withoutSignature(element: Element): Element {
  const copy = element.cloneNode(true) as Element;
  const signature = childOf(copy, "Signature");
  if (signature) copy.removeChild(signature);
  return copy;
}
const named = (document: Document, name: string): Element => document.createElementNS(SIGNATURE, name);

/** The eight shapes; each moves what was signed and puts what was forged where a careless reader looks. */
const SHAPES: Record<string, (parts: Parts) => void> = {
  "1: the response inside the signature of the forged one": ({ response, assertion, forged }) => {
    const original = withoutSignature(response);
    response.replaceChild(forged, assertion);
    response.setAttribute("ID", "_forged_response");
    signatureOf(response).appendChild(original);
  },
  "2: the response beside its signature": ({ response, assertion, forged }) => {
    const original = withoutSignature(response);
    response.replaceChild(forged, assertion);
    response.setAttribute("ID", "_forged_response");
    response.insertBefore(original, childOf(response, "Signature") ?? forged);
  },
  "3: the forged assertion before the signed one": ({ response, assertion, forged }) => void response.insertBefore(forged, assertion),
  "4: the signed assertion inside the forged one": ({ response, assertion, forged }) => {
    response.replaceChild(forged, assertion);
    forged.appendChild(assertion);
  },
  "5: the signature in the forged assertion, the signed one at the end": ({ response, assertion, forged }) => {
    const original = withoutSignature(assertion);
    forged.insertBefore(signatureOf(assertion), forged.firstChild);
    response.replaceChild(forged, assertion);
    response.appendChild(original);
  },
  "6: the signed assertion in the signature of the forged one": ({ response, assertion, forged }) => {
    const signature = signatureOf(assertion);
    signature.appendChild(withoutSignature(assertion));
    forged.insertBefore(signature, forged.firstChild);
    response.replaceChild(forged, assertion);
  },
  "7: the forged assertion in an extension": ({ document, response, assertion, forged }) => {
    const extensions = document.createElementNS("urn:oasis:names:tc:SAML:2.0:protocol", "samlp:Extensions");
    extensions.appendChild(forged);
    response.insertBefore(extensions, assertion);
  },
  "8: the signed assertion in an object of the forged one's signature": ({ document, response, assertion, forged }) => {
    const object = named(document, "ds:Object");
    const signature = signatureOf(assertion);
    object.appendChild(withoutSignature(assertion));
    signature.appendChild(object);
    forged.appendChild(signature);
    response.replaceChild(forged, assertion);
  },
};

function wrap(xml: string, shape: (parts: Parts) => void, sameId: boolean): string {
  const document = new DOMParser().parseFromString(xml, "text/xml");
  const response = document.documentElement;
  const assertion = childOf(response, "Assertion");
  if (!assertion) throw new Error("no assertion");
  const forged = withoutSignature(assertion);
  if (!sameId) forged.setAttribute("ID", "_forged");
  const [name] = Array.from(forged.getElementsByTagName("saml:NameID"));
  if (name) name.textContent = "admin";
  shape({ document, response, assertion, forged });
  return new XMLSerializer().serializeToString(document);
}

const SIGNED: Record<string, ("Assertion" | "Response")[]> = { both: ["Assertion", "Response"], "the assertion": ["Assertion"], "the response": ["Response"] };
const goodResponse = (request: ReadRequest, what: ("Assertion" | "Response")[]) => bench.idp.sign(responseXml(bench.idp.parts(request)), { what });

describe.each(Object.entries(SIGNED))("signed: %s", (_name, what) => {
  test.each(Object.entries(SHAPES).flatMap(([name, shape]) => [true, false].map((sameId) => ({ name, shape, sameId }))))("$name (same id: $sameId)", async ({ shape, sameId }) => {
    for (const connection of [bench.connection, lenient]) {
      const outcome = await bench.post((request) => wrap(goodResponse(request, what), shape, sameId), { connection });
      expect(outcome).toMatchObject({ ok: false, code: expect.stringMatching(/^(structure_refused|signature_missing|signature_invalid)$/) as string });
    }
  });
});

test("the same responses are accepted as they were", async () => {
  const untouched = (request: ReadRequest, what: ("Assertion" | "Response")[]) => new XMLSerializer().serializeToString(new DOMParser().parseFromString(goodResponse(request, what), "text/xml"));
  expect(await bench.post((request) => untouched(request, ["Assertion", "Response"]))).toMatchObject({ ok: true });
  expect(await bench.post((request) => untouched(request, ["Assertion"]), { connection: lenient })).toMatchObject({ ok: true });
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
  const canonical = (verifier as unknown as { getCanonReferenceXml(document: Document, reference: unknown, node: Element): string }).getCanonReferenceXml(document, reference, assertion);
  const digest = createHash("sha256").update(canonical).digest("base64");
  return changed.replace("<ds:DigestValue>", `<ds:DigestValue><!--${digest}-->`);
}

describe("a positive control: a forged digest (CVE-2025-29775)", () => {
  const verifies = (xml: string, verifier: { loadSignature(node: Node): void; checkSignature(xml: string): boolean }): boolean => {
    const [assertion] = Array.from(new DOMParser().parseFromString(xml, "text/xml").getElementsByTagName("saml:Assertion"));
    if (!assertion) throw new Error("no assertion");
    verifier.loadSignature(signatureOf(assertion));
    try {
      return verifier.checkSignature(xml);
    } catch {
      return false;
    }
  };

  test("bites xml-crypto 6.0.0, and neither the version in use, nor the library, nor this service", async () => {
    const outcome = await bench.post((request) => {
      const good = goodResponse(request, ["Assertion"]);
      const forged = forgeDigest(good);
      expect(forged).toContain(">admin<");
      const publicCert = bench.idp.key.cert;
      expect(verifies(good, new VulnerableSignedXml({ publicCert }))).toBe(true);
      expect(verifies(forged, new VulnerableSignedXml({ publicCert }))).toBe(true);
      expect(verifies(good, new SignedXml({ publicCert }))).toBe(true);
      expect(verifies(forged, new SignedXml({ publicCert }))).toBe(false);
      return forged;
    }, { connection: lenient });
    expect(outcome).toMatchObject({ ok: false, code: "markup_refused" });

    const { url, requestId } = await bench.provider.begin(lenient, "state");
    const library = samlLibrary({ connection: lenient, publicUrl: PUBLIC_URL, certificates: [bench.idp.key.cert], requestedAt: () => new Date().toISOString() });
    const request = { id: requestId, acsUrl: `${PUBLIC_URL}/saml/acs/${lenient.id}`, issuer: `${PUBLIC_URL}/saml/metadata/${lenient.id}`, relayState: "", xml: url };
    await expect(library.validatePostResponseAsync({ SAMLResponse: encodeResponse(forgeDigest(goodResponse(request, ["Assertion"]))) })).rejects.toThrow();
  });

  test("the signature in it is the identity provider's own, unchanged", async () => {
    await bench.post((request) => {
      const forged = forgeDigest(goodResponse(request, ["Assertion"]));
      const value = /<ds:SignatureValue>([^<]*)/.exec(forged)?.[1] ?? "";
      // Exclusive canonicalization of SignedInfo as xml-crypto writes it: the prefix is declared on it, and comments fall away.
      const info = (/<ds:SignedInfo>.*?<\/ds:SignedInfo>/.exec(forged)?.[0] ?? "").replace("<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="${SIGNATURE}">`)
        .replace(/<!--.*?-->/, "").replaceAll(/<(ds:\w+)([^>]*)\/>/g, "<$1$2></$1>");
      expect(createVerify("RSA-SHA256").update(info).verify(bench.idp.key.cert, value, "base64")).toBe(true);
      return forged;
    }, { connection: lenient });
  });
});
