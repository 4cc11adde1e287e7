/**
 * A response whose one assertion is encrypted. Its own signature covers the encrypted form and is checked first. Then
 * the decrypted assertion takes the place of the encrypted one, and the text is checked like any other response.
 */
import { liveSpKeys, type SpKey } from "../../../store/collections/saml-connections.js";
import { decryptText, readEncryptedData } from "./encrypted-data.js";
import { refused, type SamlRefused, SIGNATURE_MISSING } from "../refusals.js";
import { ASSERTION, isResponse, OUTSIDE, signatureFault, SIGNATURE } from "./response.js";
import { isMadeByOne } from "./signed-info.js";
import { failureOf } from "./status.js";
import { verifiedXml } from "./verified-xml.js";
import { childrenOf, elementsOf, onlyChild, parseXml } from "../xml.js";

export interface EncryptedResponse {
  xml: string;
  /** PEM of the provider's certificates that are valid now. */
  certificates: readonly string[];
  keys: readonly SpKey[];
  /** Of this service towards the provider. */
  recipient: string;
  requireSignedResponse: boolean;
  now: Date;
}

/**
 * The response with the assertion in plain text and without its own signature, which has been checked. Undefined when
 * nothing is encrypted, or when something other than an assertion is.
 */
export function decryptResponse(
  given: EncryptedResponse,
): { ok: true; xml: string; signed: boolean } | SamlRefused | undefined {
  const { xml, recipient, now } = given;
  if (!xml.includes("EncryptedAssertion")) return undefined;
  const parsed = parseXml(xml, { outside: OUTSIDE });
  const elements = parsed.ok ? elementsOf(parsed.root) : [];
  const holder = parsed.ok && onlyChild(parsed.root, ASSERTION, "EncryptedAssertion");
  if (
    !parsed.ok ||
    !holder ||
    elements.filter(({ localName }) => /^(?:Encrypted)?Assertion$/.test(localName)).length !== 1
  )
    return undefined;
  if (!isResponse(parsed.root, elements)) return refused("structure_refused");
  // It is outside of the encrypted part, and it says nothing about that part.
  const failure = failureOf(parsed.root);
  if (failure) return failure;
  const fault = ownSignatureFault(given, parsed.root, elements);
  if (fault) return fault;
  const data = readEncryptedData(holder, recipient);
  const keys = liveSpKeys(given.keys, now);
  if (data === "structure" || keys.length === 0) return refused("encrypted_refused");
  if (data === "algorithm") return refused("encryption_refused");
  const assertion =
    decryptText(
      data,
      keys.map(({ privateKey }) => privateKey),
    ) ?? "";
  const plain = inPlain(xml, assertion);
  return plain !== undefined && holdsAsMuch(plain, parsed.root)
    ? { ok: true, xml: plain, signed: childrenOf(parsed.root, SIGNATURE, "Signature").length > 0 }
    : refused("decryption_failed");
}

function ownSignatureFault(
  { xml, certificates, requireSignedResponse }: EncryptedResponse,
  response: Element,
  elements: readonly Element[],
): SamlRefused | undefined {
  const signatures = elements.filter(({ localName }) => localName === "Signature");
  const [own, ...more] = childrenOf(response, SIGNATURE, "Signature");
  if (signatures.length !== (own ? 1 : 0) || more.length > 0) return refused("structure_refused");
  if (!own) return requireSignedResponse ? refused("signature_missing", SIGNATURE_MISSING.encrypted) : undefined;
  const shape = signatureFault(own);
  if (shape) return refused(shape);
  return isMadeByOne(own, certificates) && verifiedXml(xml, own, certificates) !== undefined
    ? undefined
    : refused("signature_invalid");
}

/** Only blanks may be around the element. Text would become part of the response. */
const ONE_ELEMENT = /^\s*<[^]*>\s*$/;

/** In a text that was parsed, `<` begins nothing but tags, and each of the two names occurs once. */
function inPlain(xml: string, assertion: string): string | undefined {
  if (!ONE_ELEMENT.test(assertion)) return undefined;
  const bare = xml.replace(elementNamed("Signature"), "");
  return elementNamed("EncryptedAssertion").test(bare)
    ? bare.replace(elementNamed("EncryptedAssertion"), () => assertion)
    : undefined;
}

const elementNamed = (name: string): RegExp => new RegExp(`<((?:[^\\s<>/:"'=]+:)?${name})(?=[\\s>])[^]*?</\\1\\s*>`);

/** The decrypted text must be one element and nothing around it. So it cannot close the element that it is put into. */
function holdsAsMuch(plain: string, response: Element): boolean {
  const parsed = parseXml(plain, { outside: OUTSIDE });
  const before = childrenOf(response).filter(({ localName }) => localName !== "Signature");
  const after = parsed.ok ? childrenOf(parsed.root) : [];
  return (
    after.length === before.length &&
    after.every(
      ({ localName }, index) => localName === before[index]?.localName.replace(/^Encrypted(?=Assertion$)/, ""),
    )
  );
}
