/**
 * Checks whether a signature was made with one of the connection's keys at all. It reads only the SignedInfo, which is
 * small. So an attacker without such a key cannot have a whole document canonicalized and digested. It proves nothing
 * about the document, which the library checks later.
 */
import { ExclusiveCanonicalization } from "xml-crypto";
import { algorithmOf, SIGNATURE } from "./response.js";
import { isSignedBy } from "./signature-algorithms.js";
import { onlyChild, textOf } from "../xml.js";

const XMLNS = "http://www.w3.org/2000/xmlns/";

/** True when one of these certificates' keys signed it. The signature has the shape that response.ts asks for. */
export function isMadeByOne(signature: Element, certificates: readonly string[]): boolean {
  const info = onlyChild(signature, SIGNATURE, "SignedInfo");
  const value = onlyChild(signature, SIGNATURE, "SignatureValue");
  const algorithm = (info && algorithmOf(info, "SignatureMethod")) ?? "";
  if (!info || !value) return false;
  try {
    const signed = Buffer.from(
      new ExclusiveCanonicalization().process(info, { ancestorNamespaces: namespacesAround(info) }),
    );
    const bytes = Buffer.from(textOf(value) ?? "", "base64");
    return certificates.some((pem) => isSignedBy(pem, algorithm, signed, bytes));
  } catch {
    // An identity provider signs nothing that cannot be canonicalized.
    return false;
  }
}

/** The prefixes that the elements around it declare, the nearest first. */
function namespacesAround(element: Element): { prefix: string; namespaceURI: string }[] {
  const found = new Map<string, string>();
  for (let node = element.parentNode; node; node = node.parentNode) {
    for (const { namespaceURI, prefix, localName, value } of Array.from((node as Element).attributes ?? [])) {
      if (namespaceURI === XMLNS && prefix === "xmlns" && !found.has(localName)) found.set(localName, value);
    }
  }
  return [...found].map(([prefix, namespaceURI]) => ({ prefix, namespaceURI }));
}
