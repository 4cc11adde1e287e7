/**
 * The keys that an identity provider signs with, from its metadata: one for each KeyDescriptor (Metadata
 * Interoperability Profile 1.0, 2.5). Other certificates in the same KeyInfo only explain the key, for example the
 * chain of its authorities. They sign nothing here.
 */
import type { X509Certificate } from "node:crypto";
import type { IdpCertificate } from "../../../store/collections/saml-connections.js";
import { judgeCertificate, keyOf, parseCertificate, withoutIssuers } from "../certificates.js";
import { METADATA, SIGNATURE } from "../namespaces.js";
import { attributeOf, childrenOf, textOf } from "../xml.js";

export interface SigningKeys {
  /** Each key once, its longest certificate. */
  certificates: IdpCertificate[];
  /** What was left out and why, as sentences. */
  warnings: string[];
}

/** Some products write the use in capitals, or an empty one where there is none. */
const isForSigning = (key: Element): boolean =>
  ["", "signing"].includes(attributeOf(key, "use")?.trim().toLowerCase() ?? "");

/** The descriptors of a role with `use="signing"`, and those for every use. */
export function signingKeys(role: Element, now: Date): SigningKeys {
  const keys = childrenOf(role, METADATA, "KeyDescriptor").filter(isForSigning);
  const described = keys.map((key, index) => describedKey(key, `Signing KeyDescriptor ${index + 1}`));
  const leafs = described.flatMap(({ leaf }) => leaf ?? []);
  const { certificates, warnings } = usableCertificates(leafs, now);
  return { certificates, warnings: [...described.flatMap((each) => each.warnings), ...warnings] };
}

interface DescribedKey {
  leaf?: X509Certificate;
  warnings: string[];
}

function describedKey(descriptor: Element, name: string): DescribedKey {
  const read = childrenOf(descriptor, SIGNATURE, "KeyInfo")
    .flatMap((info) => childrenOf(info, SIGNATURE, "X509Data"))
    .flatMap((data) => childrenOf(data, SIGNATURE, "X509Certificate"))
    .map((element) => parseCertificate(textOf(element) ?? ""));
  const readable = read.flatMap((each) => each ?? []);
  const warnings =
    readable.length < read.length
      ? [`${name} holds a certificate that is not the base64 of one; it was left out.`]
      : [];
  if (read.length === 0)
    return {
      warnings: [`${name} holds no certificate, and a KeyName or KeyValue alone is not taken; it was left out.`],
    };
  const leaf = leafOf(readable);
  if (!leaf)
    return {
      warnings:
        readable.length === 0
          ? warnings
          : [...warnings, `${name} holds authorities that signed each other; it was left out.`],
    };
  // What could not be read stood in the key's place, and an authority's key must not take it.
  if (!read[0] && leaf.ca)
    return {
      warnings: [
        ...warnings,
        `${name} begins with the unreadable one, and what is left is an authority's; it was left out.`,
      ],
    };
  if (new Set(readable.map(keyOf)).size > 1)
    warnings.push(
      `${name} holds the certificates of several keys; only the one that signs, ${shown(leaf)}, was taken.`,
    );
  return { leaf, warnings };
}

/**
 * The certificate of the key itself, in whatever order the chain was written. It is the one that signed no other. If
 * several did not, then one that is no authority's is preferred, and then the first.
 */
function leafOf(certificates: readonly X509Certificate[]): X509Certificate | undefined {
  const ends = withoutIssuers(certificates);
  const first = ends.find(({ ca }) => !ca) ?? ends[0];
  return first && longest(ends.filter((each) => keyOf(each) === keyOf(first)));
}

/** A key may have been certified again, with the old certificate beside. */
const longest = (certificates: readonly X509Certificate[]): X509Certificate | undefined =>
  certificates.toSorted((one, other) => Date.parse(other.validTo) - Date.parse(one.validTo))[0];

/**
 * The usable ones of the given signing keys. They have not ended, their key is strong enough, and they issued none of
 * the others.
 */
export function usableCertificates(given: readonly X509Certificate[], now: Date): SigningKeys {
  const ends = new Set(withoutIssuers(given));
  const usable = new Map<string, IdpCertificate>();
  const warnings = new Set<string>();
  for (const each of given) {
    const read = judgeCertificate(each, now);
    if (!ends.has(each))
      warnings.add(`The certificate ${shown(each)} is an authority's, which issued another of them; it was left out.`);
    else if (!read.ok)
      warnings.add(
        `The certificate ${shown(each)} was left out: its key is neither RSA with at least 2,048 ` +
          "bits nor ECDSA on P-256, P-384 or P-521.",
      );
    else if (read.certificate.notAfter <= now)
      warnings.add(`The certificate ${shown(each)} has expired; it was left out.`);
    else usable.set(read.certificate.fingerprint256, read.certificate);
  }
  return { certificates: [...usable.values()], warnings: [...warnings] };
}

/** The beginning of the fingerprint is enough to find it, and says nothing that the provider wrote. */
const shown = ({ fingerprint256 }: X509Certificate): string =>
  `${fingerprint256.replaceAll(":", "").toLowerCase().slice(0, 16)}…`;
