/** What a person must know of a certificate, read out of it. Nothing is verified here. */
import type { X509Certificate } from "node:crypto";
import type { CertificateFacts } from "../../store/model.js";

/** A name of X.500 has no bound of its own. Real ones have less than 200 characters. */
const MAX_DISTINGUISHED_NAME = 300;
/** DNS allows 253. A longer one is a URI. */
const MAX_NAME = 255;
/** A certificate of a content delivery network names up to 100 hosts. The first ones tell whose it is. */
const MAX_NAMES = 50;

/**
 * Reads a certificate out. It may come from an endpoint that wants to do harm, so every text is bounded. Throws for a
 * certificate whose instants cannot be read.
 */
export function factsOf(certificate: X509Certificate): CertificateFacts {
  const names = namesOf(certificate.subjectAltName ?? "");
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase().slice(0, MAX_NAME),
    names: names.slice(0, MAX_NAMES),
    ...(names.length > MAX_NAMES && { moreNames: names.length - MAX_NAMES }),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** Node writes each part on a line of its own. */
// The type says that a subject is always there. An empty one is undefined.
const distinguishedName = (name: string | undefined): string =>
  oneLine((name ?? "").split("\n").join(", "), MAX_DISTINGUISHED_NAME);

/** The kinds that tell whose it is. `othername` and `DirName` are left out. */
const KINDS = new Set(["DNS", "IP Address", "URI", "email"]);
/** Node quotes a value that could be taken for several, as JSON does (CVE-2021-44532). */
const NAME = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/g;

function namesOf(subjectAltName: string): string[] {
  return [...subjectAltName.matchAll(NAME)].flatMap(([, kind = "", value = ""]) =>
    KINDS.has(kind) ? [oneLine(unquoted(value), MAX_NAME)] : [],
  );
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

/** Without line breaks, control characters and those that turn the direction of text round. */
function oneLine(text: string, most: number): string {
  const line = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return line.length <= most ? line : `${line.slice(0, most)}…`;
}
