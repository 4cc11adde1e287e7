/**
 * Reads certificates and private keys as people have them. They may be PEM (RFC 7468) in any order, with whatever
 * OpenSSL, Java and Windows tools write around and between. They may be base64 without armour, or DER. What comes out
 * is PEM made anew, one block for each thing that was understood.
 */
import { type KeyObject, X509Certificate, createPrivateKey } from "node:crypto";
import { certificatesOfPkcs7, firstElement, kindOfDer } from "./der.js";

export interface PemCertificate {
  x509: X509Certificate;
  /** The certificate alone, 64 characters a line. */
  pem: string;
}
export interface PemKey {
  key: KeyObject;
  pem: string;
}

/**
 * All that a text holds. Keys that cannot be used are named and refuse nothing, because a caller that needs a
 * certificate alone ignores them.
 */
export type PemContent =
  | {
      ok: true;
      certificates: PemCertificate[];
      keys: PemKey[];
      encryptedKey: boolean;
      /** What else is in it, in words: "a public key". */ others: string[];
    }
  /** `reason` goes on a sentence whose subject is the file: "ends within a block". Nothing of the content is in it. */
  | { ok: false; tooMany: boolean; reason: string };

export interface PemLimits {
  characters: number;
  certificates: number;
}
/** Of what comes over the API. */
export const PEM_LIMITS: PemLimits = { characters: 65_536, certificates: 20 };
/** Of a file that an operator names: the bundle of a system's public roots has about 150 certificates. */
export const PEM_FILE_LIMITS: PemLimits = { characters: 1024 * 1024, certificates: 1_000 };

/**
 * Bounded, so that a text of dashes alone is read once. Other dashes come from word processors, a missing one from
 * copying.
 */
const MARKER = /-{2,6} ?(BEGIN|END) ([A-Za-z0-9 #.]{1,60}?) ?-{2,6}/g;
const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

interface Block {
  label: string;
  body: string;
}
type Found = Extract<PemContent, { ok: true }>;

const fault = (reason: string, tooMany = false): Extract<PemContent, { ok: false }> => ({ ok: false, tooMany, reason });
const nothing = (): Found => ({ ok: true, certificates: [], keys: [], encryptedKey: false, others: [] });

/** Reads a text, or the bytes of a file. */
export function readPem(given: string | Uint8Array, limits: PemLimits = PEM_LIMITS): PemContent {
  const text = plainText(typeof given === "string" ? given : textOfFile(given));
  if (text.length > limits.characters) return fault(`has more than ${limits.characters} characters.`, true);
  if (text.trim() === "") return fault("is empty.");
  const blocks = blocksOf(text);
  if (!Array.isArray(blocks)) return blocks;
  return blocks.length === 0 ? readBare(text, limits) : readBlocks(blocks, limits);
}

/** UTF-16 as Windows PowerShell writes it, UTF-8, or binary, which becomes base64. */
function textOfFile(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (firstElement(buffer)?.tag === 0x30 || isKeystore(buffer)) return buffer.toString("base64");
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return new TextDecoder("utf-16le").decode(buffer);
  // What remains of UTF-16 otherwise are zero bytes between the characters, which are dropped below.
  return buffer.toString("utf8");
}

/** How Java's own keystores begin (JKS and JCEKS). */
const isKeystore = (bytes: Buffer): boolean =>
  bytes.length >= 4 && [0xfeedfeed, 0xcececece].includes(bytes.readUInt32BE(0));

/** The sign of an answered mail before each line, the line breaks of HTML, and those of mainframes. */
const QUOTED_OR_BROKEN = /^[ \t]*(?:>[ \t]?)+|<br ?\/?>|\u0085/gim;

/**
 * Without what copying, shells and encodings add: marks and zero bytes of UTF-16, `\n` as two characters,
 * percent-encoding, other dashes.
 */
function plainText(given: string): string {
  const text = given
    .replaceAll(/[\u0000\ufeff\ufffe\u200b-\u200f\u2060]/g, "")
    .replaceAll(QUOTED_OR_BROKEN, "\n")
    .replaceAll(/[\u2010-\u2015\u2212]/g, "-")
    .replaceAll(/\\r\\n|\\[nr]/g, "\n");
  if (!text.includes("BEGIN%20")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function blocksOf(text: string): Block[] | Extract<PemContent, { ok: false }> {
  const blocks: Block[] = [];
  let open: { label: string; from: number } | undefined;
  for (const match of text.matchAll(MARKER)) {
    const [whole, kind, label = ""] = match;
    if (kind === "BEGIN") {
      if (open) return cutOff(open.label);
      open = { label: label.trim().toUpperCase(), from: match.index + whole.length };
    } else if (open) {
      blocks.push({ label: open.label, body: text.slice(open.from, match.index) });
      open = undefined;
    }
  }
  return open ? cutOff(open.label) : blocks;
}

const cutOff = (label: string) => fault(`is cut off: a block "${label}" begins, and its END line is missing.`);

function readBlocks(blocks: readonly Block[], { certificates }: PemLimits): PemContent {
  const found = nothing();
  if (blocks.length > 4 * certificates) return fault(`holds more than ${4 * certificates} blocks.`, true);
  if (blocks.filter(({ label }) => CERTIFICATE.test(label)).length > certificates)
    return fault(`holds more than ${certificates} certificates.`, true);
  for (const [index, block] of blocks.entries()) {
    const reason = readBlock(found, block);
    if (reason !== undefined) return fault(`holds a block "${block.label}" (number ${index + 1}) ${reason}`);
    // Keys too: each is compared with each certificate.
    if (Math.max(found.certificates.length, found.keys.length) > certificates)
      return fault(`holds more than ${certificates} certificates or keys.`, true);
  }
  return found;
}

/** Adds what the block holds. Gives a reason when it should hold a certificate and does not. */
function readBlock(found: Found, { label, body }: Block): string | undefined {
  // RFC 1421, 4.6.1.1, as OpenSSL writes it in the traditional forms.
  if (/Proc-Type:\s*4,\s*ENCRYPTED/i.test(body) || label === "ENCRYPTED PRIVATE KEY")
    return void (found.encryptedKey = true);
  const der = bytesOf(body);
  if (CERTIFICATE.test(label)) {
    if (!der) return "whose base64 is damaged.";
    return addCertificate(found, der) || addPkcs7(found, der) ? undefined : "that is damaged or no certificate.";
  }
  if (/^(?:PKCS ?#?7(?: SIGNED DATA)?|CMS)$/.test(label)) {
    return der && addPkcs7(found, der)
      ? undefined
      : "that cannot be read. Convert it with `openssl pkcs7 -in chain.p7b -print_certs -out chain.pem`.";
  }
  if (/PRIVATE KEY$/.test(label) && der && addKey(found, der)) return undefined;
  found.others.push(describe(label));
  return undefined;
}

/** DER of a block: its lines without headers (RFC 1421), white space and indentation. */
function bytesOf(body: string): Buffer | undefined {
  const base64 = body
    .split(/[\r\n]+/)
    .filter((line) => !/^\s*[A-Za-z][\w-]*:/.test(line))
    .join("")
    .replaceAll(/\s/g, "");
  return BASE64.test(base64) ? Buffer.from(base64, "base64") : undefined;
}

function addCertificate(found: Found, der: Buffer): boolean {
  // What follows the first element is OpenSSL's own trust setting (TRUSTED CERTIFICATE).
  const bytes = firstElement(der)?.bytes;
  if (!bytes) return false;
  try {
    const x509 = new X509Certificate(bytes);
    // OpenSSL reads a certificate of the 99th month, and says "Bad time value" where its end should stand.
    if (Number.isNaN(Date.parse(x509.validFrom)) || Number.isNaN(Date.parse(x509.validTo))) return false;
    if (!found.certificates.some((each) => each.x509.raw.equals(bytes)))
      found.certificates.push({ x509, pem: pemOf("CERTIFICATE", bytes) });
    return true;
  } catch {
    return false;
  }
}

function addPkcs7(found: Found, der: Buffer): boolean {
  const certificates = certificatesOfPkcs7(der);
  return (
    certificates !== undefined && certificates.length > 0 && certificates.every((each) => addCertificate(found, each))
  );
}

const KEY_FORMS = [
  ["pkcs8", "PRIVATE KEY"],
  ["sec1", "EC PRIVATE KEY"],
  ["pkcs1", "RSA PRIVATE KEY"],
] as const;

/** By what it holds and not by its label: labels are changed by hand. */
function addKey(found: Found, der: Buffer): boolean {
  for (const [type, label] of KEY_FORMS) {
    try {
      const key = createPrivateKey({ key: der, format: "der", type });
      found.keys.push({ key, pem: pemOf(label, der) });
      return true;
    } catch {
      // The next form.
    }
  }
  return false;
}

const KEYSTORE =
  "is a Java keystore. Convert it with `keytool -importkeystore -srckeystore keys.jks " +
  "-destkeystore keys.p12 -deststoretype PKCS12` and `openssl pkcs12 -in keys.p12 -out " +
  "keys.pem " +
  "-nodes`.";

/** Without armour: base64 of DER, or base64 of a PEM text as in Kubernetes' secrets. */
function readBare(text: string, limits: PemLimits): PemContent {
  if (/PuTTY-User-Key-File/.test(text))
    return fault(
      "is a PuTTY key. Export it with PuTTYgen as an OpenSSH key, then convert it with `ssh-keygen " +
        "-p -m PKCS8 -f key`.",
    );
  const base64 = text.replaceAll(/[\s"']/g, "");
  if (!BASE64.test(base64)) return fault("holds no PEM block: the line -----BEGIN … ----- is missing.");
  const der = Buffer.from(base64, "base64");
  const inner = plainText(textOfFile(der));
  const blocks = der[0] === 0x30 ? [] : blocksOf(inner);
  if (!Array.isArray(blocks)) return blocks;
  if (blocks.length > 0) return readBlocks(blocks, limits);
  const found = nothing();
  if (addCertificate(found, der) || addKey(found, der) || addPkcs7(found, der)) return found;
  if (isKeystore(der)) return fault(KEYSTORE);
  switch (kindOfDer(der)) {
    case "pkcs12":
      return fault("is a PKCS #12 file. Convert it with `openssl pkcs12 -in file.p12 -out file.pem -nodes`.");
    case "encrypted_key":
      return { ...found, encryptedKey: true };
    case "request":
      return { ...found, others: [describe("CERTIFICATE REQUEST")] };
    case "other":
      return fault("holds no PEM block, and its base64 is neither a certificate nor a key.");
  }
}

/** What a block that cannot be used is, with the way to a usable one. */
function describe(label: string): string {
  if (/^(?:NEW )?CERTIFICATE REQUEST$/.test(label)) return "a certificate request, which an authority must sign first";
  if (/PUBLIC KEY$/.test(label)) return "a public key";
  if (/^OPENSSH PRIVATE KEY$/.test(label)) return "an OpenSSH key (convert it with `ssh-keygen -p -m PKCS8 -f key`)";
  if (/PRIVATE KEY$/.test(label)) return `a private key "${label}" that is damaged or of an unknown kind`;
  return `a block "${label}"`;
}

const pemOf = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${(der.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END ${label}-----\n`;
