/**
 * An EncryptedData of XML Encryption 1.1 with its encrypted keys: what may be in it, and how the holder of a key
 * decrypts it.
 */
import { createDecipheriv, createPrivateKey, type KeyObject, randomBytes } from "node:crypto";
import { type Oaep, type OaepHash, unwrapOaep } from "./key-transport.js";
import { attributeOf, childrenOf, elementsOf, onlyChild, textOf } from "../xml.js";

export const ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#";
const ENCRYPTION_11 = "http://www.w3.org/2009/xmlenc11#";
const SIGNATURE = "http://www.w3.org/2000/09/xmldsig#";

interface Cipher {
  name: "aes-128-cbc" | "aes-192-cbc" | "aes-256-cbc" | "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm";
  keyBytes: number;
}
const CIPHERS: ReadonlyMap<string, Cipher> = new Map<string, Cipher>([
  [`${ENCRYPTION_11}aes128-gcm`, { name: "aes-128-gcm", keyBytes: 16 }],
  [`${ENCRYPTION_11}aes192-gcm`, { name: "aes-192-gcm", keyBytes: 24 }],
  [`${ENCRYPTION_11}aes256-gcm`, { name: "aes-256-gcm", keyBytes: 32 }],
  [`${ENCRYPTION}aes128-cbc`, { name: "aes-128-cbc", keyBytes: 16 }],
  [`${ENCRYPTION}aes192-cbc`, { name: "aes-192-cbc", keyBytes: 24 }],
  [`${ENCRYPTION}aes256-cbc`, { name: "aes-256-cbc", keyBytes: 32 }],
]);
/** In the order in which our metadata offers them. */
export const OFFERED_CIPHERS = [
  `${ENCRYPTION_11}aes256-gcm`,
  `${ENCRYPTION_11}aes128-gcm`,
  `${ENCRYPTION}aes256-cbc`,
  `${ENCRYPTION}aes128-cbc`,
] as const;
export const OAEP_SHA1 = `${ENCRYPTION}rsa-oaep-mgf1p`;
export const OAEP_11 = `${ENCRYPTION_11}rsa-oaep`;

const DIGESTS: ReadonlyMap<string, OaepHash> = new Map<string, OaepHash>([
  [`${SIGNATURE}sha1`, "sha1"],
  [`${ENCRYPTION}sha256`, "sha256"],
  ["http://www.w3.org/2001/04/xmldsig-more#sha384", "sha384"],
  [`${ENCRYPTION}sha512`, "sha512"],
]);
const MASKS: ReadonlyMap<string, OaepHash> = new Map<string, OaepHash>([
  [`${ENCRYPTION_11}mgf1sha1`, "sha1"],
  [`${ENCRYPTION_11}mgf1sha256`, "sha256"],
  [`${ENCRYPTION_11}mgf1sha384`, "sha384"],
  [`${ENCRYPTION_11}mgf1sha512`, "sha512"],
]);

const IV_BYTES = { gcm: 12, cbc: 16 };
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
/** One encrypted key for each recipient. A provider usually makes one. */
const MAX_WRAPPED_KEYS = 4;
/** RSA of 8,192 bits. */
const MAX_WRAPPED_BYTES = 1_024;

interface WrappedKey {
  oaep: Oaep;
  bytes: Buffer;
}
export interface EncryptedData {
  cipher: Cipher;
  keys: readonly WrappedKey[];
  bytes: Buffer;
}

/**
 * The content of an element such as EncryptedAssertion. `structure` means that it is not one EncryptedData with its
 * keys. `algorithm` means that an algorithm is not allowed.
 */
export function readEncryptedData(holder: Element, recipient: string): EncryptedData | "structure" | "algorithm" {
  const data = onlyChild(holder, ENCRYPTION, "EncryptedData");
  const bytes = data && cipherBytes(data);
  const all = elementsOf(holder).filter(
    ({ namespaceURI, localName }) => namespaceURI === ENCRYPTION && localName === "EncryptedKey",
  );
  if (
    !data ||
    !bytes ||
    all.length === 0 ||
    all.length > MAX_WRAPPED_KEYS ||
    !all.every((key) => isInPlace(key, holder, data))
  )
    return "structure";
  const mine = all.filter((key) => [undefined, recipient].includes(attributeOf(key, "Recipient")));
  const cipher = CIPHERS.get(algorithmOf(data) ?? "");
  const keys = (mine.length > 0 ? mine : all).flatMap((key) => readWrappedKey(key) ?? []);
  return cipher && keys.length > 0 ? { cipher, keys, bytes } : "algorithm";
}

/**
 * The keys are in the KeyInfo of the data or beside the data, where a RetrievalMethod or nothing leads to them. The
 * sources are XML Encryption 1.1, 3.5, and SAML core, 2.3.4. Each key is tried, so no reference is followed.
 */
const isInPlace = (key: Element, holder: Element, data: Element): boolean =>
  key.parentNode === holder ||
  (key.parentNode?.parentNode === data && (key.parentNode as Element).localName === "KeyInfo");

function readWrappedKey(key: Element): WrappedKey | undefined {
  const method = onlyChild(key, ENCRYPTION, "EncryptionMethod");
  const bytes = cipherBytes(key);
  if (!method || !bytes || bytes.length > MAX_WRAPPED_BYTES || childrenOf(method, ENCRYPTION, "OAEPparams").length > 0)
    return undefined;
  const digestMethod = childrenOf(method, SIGNATURE, "DigestMethod")[0];
  const digest = digestMethod ? DIGESTS.get(attributeOf(digestMethod, "Algorithm") ?? "") : "sha1";
  const generation = childrenOf(method, ENCRYPTION_11, "MGF")[0];
  const named = generation ? MASKS.get(attributeOf(generation, "Algorithm") ?? "") : "sha1";
  const algorithm = attributeOf(method, "Algorithm");
  // By its name this algorithm uses MGF1 with SHA-1, whatever the digest is.
  const mgf = algorithm === OAEP_SHA1 ? "sha1" : algorithm === OAEP_11 ? named : undefined;
  return digest && mgf && { oaep: { digest, mgf }, bytes };
}

function algorithmOf(encrypted: Element): string | undefined {
  const method = onlyChild(encrypted, ENCRYPTION, "EncryptionMethod");
  return method && attributeOf(method, "Algorithm");
}

function cipherBytes(encrypted: Element): Buffer | undefined {
  const data = onlyChild(encrypted, ENCRYPTION, "CipherData");
  const value = data && onlyChild(data, ENCRYPTION, "CipherValue");
  const base64 = value && textOf(value)?.replaceAll(/\s/g, "");
  return base64 !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, "base64") : undefined;
}

/**
 * The text that was encrypted for one of the keys (PEM). It is undefined for every failure alike. When a key does not
 * fit, the work goes on with a random one (RFC 5246, 7.4.7.1). So an attacker cannot find out where it failed.
 */
export function decryptText(
  { cipher, keys, bytes }: EncryptedData,
  privateKeys: readonly string[],
): string | undefined {
  const own = privateKeys.map((pem) => createPrivateKey(pem));
  let text: string | undefined;
  for (const wrapped of keys)
    for (const key of own) text ??= decoded(decrypted(cipher, sessionKey(key, wrapped, cipher.keyBytes), bytes));
  return text;
}

function sessionKey(key: KeyObject, { oaep, bytes }: WrappedKey, length: number): Buffer {
  const madeUp = randomBytes(length);
  const unwrapped = unwrapOaep(key, oaep, bytes);
  return unwrapped?.length === length ? unwrapped : madeUp;
}

function decrypted({ name }: Cipher, key: Buffer, bytes: Buffer): Buffer | undefined {
  try {
    return name.endsWith("gcm") ? openGcm(name, key, bytes) : openCbc(name, key, bytes);
  } catch {
    return undefined;
  }
}

/** IV, ciphertext, tag (XML Encryption 1.1, 5.2.4). */
function openGcm(name: Cipher["name"], key: Buffer, bytes: Buffer): Buffer | undefined {
  if (bytes.length < IV_BYTES.gcm + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(name as "aes-256-gcm", key, bytes.subarray(0, IV_BYTES.gcm), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(IV_BYTES.gcm, -TAG_BYTES));
  decipher.final();
  return text;
}

/**
 * The IV and the ciphertext. The last byte says how many bytes of padding there are. The padding may have any value
 * (XML Encryption 1.1, 5.2).
 */
function openCbc(name: Cipher["name"], key: Buffer, bytes: Buffer): Buffer | undefined {
  const decipher = createDecipheriv(name, key, bytes.subarray(0, IV_BYTES.cbc)).setAutoPadding(false);
  const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES.cbc)), decipher.final()]);
  const filled = text.at(-1) ?? 0;
  return filled >= 1 && filled <= BLOCK_BYTES ? text.subarray(0, -filled) : undefined;
}

function decoded(bytes: Buffer | undefined): string | undefined {
  try {
    return bytes && new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
