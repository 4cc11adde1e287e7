/**
 * RSA-OAEP of XML Encryption (XML Encryption 1.1, 5.5.2). Digest and mask generation may use different hashes there,
 * which OpenSSL's OAEP in Node does not support. RSA with PKCS #1 v1.5 padding is not supported, because it allows
 * Bleichenbacher's attack.
 */
import { constants, createHash, type KeyObject, privateDecrypt } from "node:crypto";

export type OaepHash = "sha1" | "sha256" | "sha384" | "sha512";
export interface Oaep {
  digest: OaepHash;
  mgf: OaepHash;
}

/**
 * The unwrapped key. Undefined when it was not wrapped in this way for this key. The caller must not let an attacker
 * see which of the two it was.
 */
export function unwrapOaep(key: KeyObject, { digest, mgf }: Oaep, wrapped: Uint8Array): Buffer | undefined {
  try {
    if (digest === mgf)
      return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: digest }, wrapped);
    return withoutOaep(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, wrapped), digest, mgf);
  } catch {
    return undefined;
  }
}

/**
 * EME-OAEP decoding (RFC 8017, 7.1.2, step 3) with an empty label. It looks at every byte, whatever the bytes before
 * were (Manger's attack).
 */
function withoutOaep(encoded: Buffer, digest: OaepHash, mgf: OaepHash): Buffer | undefined {
  const expected = createHash(digest).digest();
  const length = expected.length;
  if (encoded.length < 2 * length + 2) return undefined;
  const [maskedSeed, maskedBlock] = [encoded.subarray(1, 1 + length), encoded.subarray(1 + length)];
  const seed = xored(maskedSeed, mask(maskedBlock, length, mgf));
  const block = xored(maskedBlock, mask(seed, maskedBlock.length, mgf));
  let wrong = encoded[0] ?? 1;
  for (const [index, byte] of expected.entries()) wrong |= byte ^ (block[index] ?? 0);
  let [looking, start] = [1, 0];
  for (let index = length; index < block.length; index++) {
    const byte = block[index] ?? 0;
    const isOne = Number(byte === 1) & looking;
    start += isOne * (index + 1);
    wrong |= Number(byte > 1) & looking;
    looking &= 1 - isOne;
  }
  return (wrong | looking) === 0 ? Buffer.from(block.subarray(start)) : undefined;
}

/** MGF1 (RFC 8017, B.2.1). */
function mask(seed: Uint8Array, length: number, hash: OaepHash): Buffer {
  const blocks: Buffer[] = [];
  for (let made = 0, counter = 0; made < length; counter++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const block = createHash(hash).update(seed).update(number).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks, length);
}

const xored = (one: Uint8Array, other: Uint8Array): Buffer =>
  Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)));
