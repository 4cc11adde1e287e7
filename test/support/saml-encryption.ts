/** Encrypts as identity providers do (XML Encryption 1.1), well or badly. */
import { constants, createCipheriv, createHash, publicEncrypt, randomBytes, X509Certificate } from "node:crypto";
import { element, filled } from "./xml.js";

const XMLENC = "http://www.w3.org/2001/04/xmlenc#";
const XMLENC_11 = "http://www.w3.org/2009/xmlenc11#";
const XMLDSIG = "http://www.w3.org/2000/09/xmldsig#";

export interface Encryption {
  /** PEM: for whom. */
  certificate: string;
  cipher: `aes${128 | 192 | 256}-${"gcm" | "cbc"}` | "tripledes-cbc";
  transport: "rsa-oaep-mgf1p" | "rsa-oaep" | "rsa-1_5";
  /** Named as DigestMethod. Undefined when none is named, which means SHA-1. */
  digest: "sha1" | "sha256" | "sha512" | undefined;
  /** Of xmlenc11's `rsa-oaep`. Undefined when none is named, which means SHA-1. */
  mgf: "sha1" | "sha256" | "sha512" | undefined;
  /** Where the EncryptedKey stands. */
  place: "inside" | "beside, named" | "beside, unnamed";
  recipient: string | undefined;
  /** Changes the bytes before they are written. */
  tamper: (bytes: Buffer) => Buffer;
  tamperKey: (bytes: Buffer) => Buffer;
  /** Changes the key that is wrapped. */
  wrongKey: boolean;
}

export type EncryptionOptions = Partial<Encryption> & Pick<Encryption, "certificate">;

const DIGEST_URIS: Record<string, string> = {
  sha1: `${XMLDSIG}sha1`,
  sha256: `${XMLENC}sha256`,
  sha512: `${XMLENC}sha512`,
};

/** The response with its assertion encrypted. */
export const encryptAssertion = (xml: string, options: EncryptionOptions): string =>
  xml.replace(/<saml:Assertion[ >][^]*<\/saml:Assertion>/, (assertion) => encryptedAssertion(assertion, options));

/** An EncryptedAssertion with this text in it. */
export function encryptedAssertion(text: string, options: EncryptionOptions): string {
  const given: Encryption = {
    cipher: "aes256-gcm",
    transport: "rsa-oaep-mgf1p",
    digest: undefined,
    mgf: undefined,
    place: "inside",
    recipient: undefined,
    tamper: (bytes) => bytes,
    tamperKey: (bytes) => bytes,
    wrongKey: false,
    ...options,
  };
  const { key, bytes } = sealed(text, given.cipher);
  const wrapped = given.tamperKey(wrap(given.wrongKey ? randomBytes(key.length) : key, given));
  const method =
    `<xenc:EncryptionMethod Algorithm="${given.transport === "rsa-oaep" ? XMLENC_11 : XMLENC}${given.transport}">` +
    (given.digest ? `<ds:DigestMethod Algorithm="${DIGEST_URIS[given.digest]}"/>` : "") +
    (given.mgf ? `<xenc11:MGF xmlns:xenc11="${XMLENC_11}" Algorithm="${XMLENC_11}mgf1${given.mgf}"/>` : "") +
    "</xenc:EncryptionMethod>";
  const encryptedKey = filled(
    "xenc:EncryptedKey",
    { "xmlns:xenc": XMLENC, "xmlns:ds": XMLDSIG, Id: "_key", Recipient: given.recipient ?? null },
    method,
    cipherData(wrapped.toString("base64").replaceAll(/.{76}/g, "$&\n")),
  );
  const keyInfo = {
    inside: `<ds:KeyInfo>${encryptedKey}</ds:KeyInfo>`,
    "beside, named": `<ds:KeyInfo><ds:RetrievalMethod Type="${XMLENC}EncryptedKey" URI="#_key"/></ds:KeyInfo>`,
    "beside, unnamed": "",
  }[given.place];
  const data = filled(
    "xenc:EncryptedData",
    { "xmlns:xenc": XMLENC, "xmlns:ds": XMLDSIG, Type: `${XMLENC}Element` },
    element("xenc:EncryptionMethod", {
      Algorithm: `${given.cipher.endsWith("gcm") ? XMLENC_11 : XMLENC}${given.cipher}`,
    }),
    keyInfo,
    cipherData(given.tamper(bytes).toString("base64")),
  );
  return filled("saml:EncryptedAssertion", {}, data, given.place === "inside" ? "" : encryptedKey);
}

const cipherData = (value: string): string => filled("xenc:CipherData", {}, filled("xenc:CipherValue", {}, value));

function sealed(text: string, cipher: Encryption["cipher"]): { key: Buffer; bytes: Buffer } {
  if (cipher === "tripledes-cbc") {
    const [key, iv] = [randomBytes(24), randomBytes(8)];
    const des = createCipheriv("des-ede3-cbc", key, iv);
    return { key, bytes: Buffer.concat([iv, des.update(text, "utf8"), des.final()]) };
  }
  const [, bits = "256", mode = "gcm"] = /^aes(\d+)-(gcm|cbc)$/.exec(cipher) ?? [];
  const [key, iv] = [randomBytes(Number(bits) / 8), randomBytes(mode === "gcm" ? 12 : 16)];
  if (mode === "gcm") {
    const gcm = createCipheriv(`aes-${bits}-gcm` as "aes-256-gcm", key, iv);
    return { key, bytes: Buffer.concat([iv, gcm.update(text, "utf8"), gcm.final(), gcm.getAuthTag()]) };
  }
  const plain = Buffer.from(text);
  const filled = 16 - (plain.length % 16);
  // Of any value but the last, as Santuario does.
  const filling = Buffer.concat([randomBytes(filled - 1), Buffer.of(filled)]);
  const cbc = createCipheriv(`aes-${bits}-cbc`, key, iv).setAutoPadding(false);
  return { key, bytes: Buffer.concat([iv, cbc.update(plain), cbc.update(filling), cbc.final()]) };
}

function wrap(key: Buffer, { certificate, transport, digest = "sha1", mgf = "sha1" }: Encryption): Buffer {
  const { publicKey } = new X509Certificate(certificate);
  if (transport === "rsa-1_5") return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, key);
  const generation = transport === "rsa-oaep" ? mgf : "sha1";
  const length = (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, encoded(key, length, digest, generation));
}

/** EME-OAEP encoding (RFC 8017, 7.1.1, step 2). */
function encoded(message: Buffer, length: number, digest: string, mgf: string): Buffer {
  const label = createHash(digest).digest();
  const block = Buffer.concat([
    label,
    Buffer.alloc(length - message.length - 2 * label.length - 2),
    Buffer.of(1),
    message,
  ]);
  const seed = randomBytes(label.length);
  const maskedBlock = xor(block, mask(seed, block.length, mgf));
  return Buffer.concat([Buffer.of(0), xor(seed, mask(maskedBlock, seed.length, mgf)), maskedBlock]);
}

function mask(seed: Buffer, length: number, hash: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 20) }, (_each, counter) =>
    createHash(hash)
      .update(seed)
      .update(Buffer.of(0, 0, counter >> 8, counter & 255))
      .digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

const xor = (one: Buffer, other: Buffer): Buffer => Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)));
