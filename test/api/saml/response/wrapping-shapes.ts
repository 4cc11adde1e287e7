/**
 * The eight shapes of signature wrapping (Somorovsky et al., "On Breaking SAML", 2012), as changes of a good response.
 */
import { DOMParser, XMLSerializer } from "@xmldom/xmldom";
import { childrenOf } from "../../../../src/api/saml/xml.js";

export const SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";

/** What an identity provider signs. */
export const SIGNED: Record<string, ("Assertion" | "Response")[]> = {
  both: ["Assertion", "Response"],
  "the assertion": ["Assertion"],
  "the response": ["Response"],
};

interface Parts {
  document: Document;
  response: Element;
  assertion: Element;
  /** A copy that names somebody else, without signature. */
  forged: Element;
}
const childOf = (parent: Element, name: string) => childrenOf(parent).find(({ localName }) => localName === name);
export const signatureOf = (element: Element): Element =>
  childOf(element, "Signature") ?? element.ownerDocument.createElementNS(SIGNATURE, "ds:Signature");
function withoutSignature(element: Element): Element {
  const copy = element.cloneNode(true) as Element;
  const signature = childOf(copy, "Signature");
  if (signature) copy.removeChild(signature);
  return copy;
}
const named = (document: Document, name: string): Element => document.createElementNS(SIGNATURE, name);

/** The eight shapes. Each moves what was signed and puts what was forged where a careless reader looks. */
export const SHAPES: Record<string, (parts: Parts) => void> = {
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
  "3: the forged assertion before the signed one": ({ response, assertion, forged }) =>
    void response.insertBefore(forged, assertion),
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

/** The response with the shape applied. The forged assertion names `admin`. */
export function wrap(xml: string, shape: (parts: Parts) => void, sameId: boolean): string {
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
