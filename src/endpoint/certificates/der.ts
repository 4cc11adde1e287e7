/**
 * As much of DER (ITU-T X.690) as is needed to tell files apart and to take certificates out of PKCS #7. Nothing is
 * verified here.
 */

/** One element: its tag, and the bytes with and without the header. */
export interface DerElement {
  tag: number;
  bytes: Buffer;
  content: Buffer;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const CONTEXT_0 = 0xa0;
/** 1.2.840.113549.1.7.2, the content type SignedData (RFC 5652, 5.1). */
const SIGNED_DATA = Buffer.from("2a864886f70d010702", "hex");
/** More elements than any file here has. */
const MAX_ELEMENTS = 200;

/** The first element. Undefined when the bytes are no DER of definite length, or end within it. */
export function firstElement(bytes: Buffer): DerElement | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (lengthBytes > 4 || first === 0x80 || bytes.length < 2 + lengthBytes) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  return start + length > bytes.length
    ? undefined
    : { tag, bytes: bytes.subarray(0, start + length), content: bytes.subarray(start, start + length) };
}

function childrenOf(parent: DerElement | undefined): DerElement[] {
  const children: DerElement[] = [];
  let rest = parent?.content;
  while (rest && rest.length > 0 && children.length < MAX_ELEMENTS) {
    const element = firstElement(rest);
    if (!element) return [];
    children.push(element);
    rest = rest.subarray(element.bytes.length);
  }
  return children;
}

/**
 * The certificates of a PKCS #7 or CMS SignedData, as Windows and Java tools write chains. Undefined when the bytes are
 * none.
 */
export function certificatesOfPkcs7(bytes: Buffer): Buffer[] | undefined {
  const [type, content] = childrenOf(firstElement(bytes));
  if (type?.tag !== OBJECT_IDENTIFIER || !type.content.equals(SIGNED_DATA) || content?.tag !== CONTEXT_0)
    return undefined;
  const certificates = childrenOf(firstElement(content.content)).find(({ tag }) => tag === CONTEXT_0);
  return childrenOf(certificates)
    .filter(({ tag }) => tag === SEQUENCE)
    .map((each) => each.bytes);
}

export type DerKind = "pkcs12" | "encrypted_key" | "request" | "other";

/** What DER that is neither a certificate nor a key seems to be. */
export function kindOfDer(bytes: Buffer): DerKind {
  const [first, second, third] = childrenOf(firstElement(bytes));
  // PFX (RFC 7292, 4): version 3, then a ContentInfo.
  if (first?.tag === INTEGER && first.content.equals(Buffer.of(3)) && second?.tag === SEQUENCE) return "pkcs12";
  // EncryptedPrivateKeyInfo (RFC 5958, 3): the algorithm, then the encrypted bytes.
  if (first?.tag === SEQUENCE && second?.tag === OCTET_STRING && third === undefined) return "encrypted_key";
  // CertificationRequest (RFC 2986, 4.2): its info begins with version 0.
  const [version] = childrenOf(first);
  return version?.tag === INTEGER && version.content.equals(Buffer.of(0)) ? "request" : "other";
}
