/**
 * Gives the bytes that a valid signature covers. Nothing else of a document is read. xml-crypto canonicalizes the XML.
 * Which algorithms and keys are accepted is decided here.
 */
import { createHash, type KeyLike } from "node:crypto";
import { type HashAlgorithm, type SignatureAlgorithm, SignedXml } from "xml-crypto";
import { DIGEST_ALGORITHMS, isSignedBy, SIGNATURE_ALGORITHMS } from "./signature-algorithms.js";
import { attributeOf } from "../xml.js";

/**
 * The canonical XML of the element that the signature is in, as it was signed with the key of one of the certificates
 * (PEM). Undefined when it was not signed so. The signature must have the shape that response.ts asks for, and `xml`
 * must be the text that it was parsed from.
 */
export function verifiedXml(xml: string, signature: Element, certificates: readonly string[]): string | undefined {
  const parent = signature.parentNode as Element;
  // What XML says of line ends (XML 1.0, 2.11), which this parser leaves to us.
  const text = xml.replaceAll(/\r\n?/g, "\n");
  for (const certificate of certificates) {
    const signed = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null });
    signed.SignatureAlgorithms = verifiers;
    signed.HashAlgorithms = hashes;
    try {
      signed.loadSignature(signature);
      const [reference, ...more] = signed.getReferences();
      if (!reference || more.length > 0 || reference.uri !== `#${attributeOf(parent, "ID") ?? ""}`) return undefined;
      if (!signed.checkSignature(text)) continue;
      const [found, ...others] = signed.getSignedReferences();
      if (found !== undefined && others.length === 0) return found;
    } catch {
      // Not by this key, or not so that it could be canonicalized.
    }
  }
  return undefined;
}

const hashes: Record<string, new () => HashAlgorithm> = Object.fromEntries(
  [...DIGEST_ALGORITHMS].map(([uri, digest]) => [
    uri,
    class {
      getAlgorithmName = (): string => uri;
      getHash = (xml: string): string => createHash(digest).update(xml, "utf8").digest("base64");
    },
  ]),
);

const verifiers: Record<string, new () => SignatureAlgorithm> = Object.fromEntries(
  [...SIGNATURE_ALGORITHMS.keys()].map((uri) => [
    uri,
    class {
      getAlgorithmName = (): string => uri;
      getSignature = (): never => {
        throw new Error("nothing is signed here");
      };
      verifySignature = (material: string, key: KeyLike, value: string): boolean =>
        typeof key === "string" && isSignedBy(key, uri, Buffer.from(material, "utf8"), Buffer.from(value, "base64"));
    },
  ]),
);
