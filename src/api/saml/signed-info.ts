/**
 * Whether a signature was made with one of the connection's keys at all, asked of its SignedInfo alone, which is small: whoever has no such
 * key does not get the whole document canonicalized and digested. It proves nothing about the document; that is the library's part.
 */
import { constants, verify, X509Certificate } from "node:crypto";
import { ExclusiveCanonicalization } from "xml-crypto";
import { algorithmOf, SIGNATURE } from "./response.js";
import { onlyChild, textOf } from "./xml.js";

const XMLNS = "http://www.w3.org/2000/xmlns/";
const PSS = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1";
const DIGESTS: Readonly<Record<string, string>> = {
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": "sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": "sha512", [PSS]: "sha256",
};

/** True when one of these certificates' keys signed it. The signature has the shape that response.ts asks for. */
export function isMadeByOne(signature: Element, certificates: readonly string[]): boolean {
  const info = onlyChild(signature, SIGNATURE, "SignedInfo");
  const value = onlyChild(signature, SIGNATURE, "SignatureValue");
  const algorithm = (info && algorithmOf(info, "SignatureMethod")) ?? "";
  const digest = DIGESTS[algorithm];
  if (!info || !value || digest === undefined) return false;
  try {
    const signed = Buffer.from(new ExclusiveCanonicalization().process(info, { ancestorNamespaces: namespacesAround(info) }));
    const bytes = Buffer.from(textOf(value) ?? "", "base64");
    const padding = algorithm === PSS ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
    return certificates.some((pem) => verify(digest, signed, { key: new X509Certificate(pem).publicKey, ...padding }, bytes));
  } catch {
    // What cannot be canonicalized was not signed by an identity provider.
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
