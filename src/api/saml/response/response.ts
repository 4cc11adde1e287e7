/**
 * The shape that a posted SAML response must have before its signatures are checked: one Response, one Assertion, and
 * plain signatures on just these.
 */
import { ENCRYPTION } from "./encrypted-data.js";
import { bytesOfBase64, messageText, withoutLineBreaks } from "../message-text.js";
import { ASSERTION, PROTOCOL, SIGNATURE } from "../namespaces.js";
import { refused, type SamlRefusal, type SamlRefused, SIGNATURE_MISSING } from "../refusals.js";
import { DIGEST_ALGORITHMS, SIGNATURE_ALGORITHMS } from "./signature-algorithms.js";
import { failureOf } from "./status.js";
import { attributeOf, childrenOf, elementsOf, onlyChild, parseXml, type XmlFault } from "../xml.js";

export { ASSERTION, POST, PROTOCOL, REDIRECT, SIGNATURE } from "../namespaces.js";

/** Around the assertion there is the response's own signature with its certificates, and a status. */
export const OUTSIDE = { name: "Assertion", maxDepth: 12, maxElements: 200 };
/** A signature with a chain of certificates in it has some 30. */
const MAX_IN_SIGNATURE = 100;
const MAX_PREFIX_LIST = 256;

/** The number of base64 characters in the posted field, line breaks included. */
const MAX_CHARACTERS = 256 * 1024;

const EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

export interface ReadResponse {
  ok: true;
  response: Element;
  /** One or two signatures: that of the assertion, and that of the response if it has one. */
  signatures: readonly Element[];
  /** This must not be believed yet. What was signed is read from the bytes that the signature covers. */
  assertion: Element;
}

const FAULTS: Record<XmlFault, SamlRefusal> = {
  markup: "markup_refused",
  too_complex: "response_too_complex",
  malformed: "response_unreadable",
};

export interface Reading {
  requireSignedResponse: boolean;
  /**
   * Whether the response itself was signed. That signature is no longer in the text when the assertion was encrypted.
   */
  wasSigned?: boolean;
}

/** Reads the document. Nothing in it is verified yet. */
export function readResponse(xml: string, reading: Reading): ReadResponse | SamlRefused {
  const parsed = parseXml(xml, { outside: OUTSIDE });
  if (!parsed.ok) return refused(FAULTS[parsed.fault]);
  const response = parsed.root;
  const elements = elementsOf(response);
  // A provider that reports a failure sends no assertion and usually signs nothing.
  const failure =
    response.namespaceURI === PROTOCOL && response.localName === "Response" ? failureOf(response) : undefined;
  if (failure) return failure;
  if (elements.some((element) => element.namespaceURI === ENCRYPTION || element.localName.startsWith("Encrypted")))
    return refused("encrypted_refused");
  const assertion = onlyChild(response, ASSERTION, "Assertion");
  if (!assertion || !isSound(response, elements)) return refused("structure_refused");
  const missing = missingSignature(response, assertion, reading);
  if (missing) return missing;
  const fault = signaturesFault(response, assertion, elements);
  return fault
    ? refused(fault)
    : { ok: true, response, assertion, signatures: elements.filter(({ localName }) => localName === "Signature") };
}

/** Base64 with line breaks, and UTF-8. */
export function decodeResponse(field: unknown): string | SamlRefused {
  if (typeof field !== "string") return refused("response_unreadable");
  if (field.length > MAX_CHARACTERS) return refused("response_too_large");
  const bytes = bytesOfBase64(withoutLineBreaks(field));
  if (!bytes) return refused("response_unreadable");
  try {
    return messageText(bytes);
  } catch {
    return refused("response_unreadable");
  }
}

/** No second Assertion of any namespace and at any depth. */
const isSound = (response: Element, elements: readonly Element[]): boolean =>
  isResponse(response, elements) && elements.filter((element) => element.localName === "Assertion").length === 1;

/** No second Response either. */
export const isResponse = (response: Element, elements: readonly Element[]): boolean =>
  isMessage(response, elements, "Response");

/** One message of this name, which is the root, and no id twice, however its attribute is spelt. */
export function isMessage(root: Element, elements: readonly Element[], name: string): boolean {
  if (
    root.namespaceURI !== PROTOCOL ||
    root.localName !== name ||
    elements.filter((element) => element.localName === name).length !== 1
  )
    return false;
  const ids = elements.flatMap((element) =>
    Array.from(element.attributes)
      .filter((attribute) => attribute.name.replace(/^.*:/, "").toLowerCase() === "id")
      .map(({ value }) => value),
  );
  return new Set(ids).size === ids.length;
}

function missingSignature(
  response: Element,
  assertion: Element,
  { requireSignedResponse, wasSigned = false }: Reading,
): SamlRefused | undefined {
  const [inResponse, ofAssertion] = [response, assertion].map(
    (element) => childrenOf(element, SIGNATURE, "Signature").length > 0,
  );
  const ofResponse = wasSigned || inResponse;
  if (ofAssertion && (ofResponse || !requireSignedResponse)) return undefined;
  return refused("signature_missing", SIGNATURE_MISSING[ofAssertion ? "response" : ofResponse ? "assertion" : "both"]);
}

function signaturesFault(response: Element, assertion: Element, elements: Element[]): SamlRefusal | undefined {
  const signatures = elements.filter((element) => element.localName === "Signature");
  const ofResponse = childrenOf(response, SIGNATURE, "Signature");
  const ofAssertion = childrenOf(assertion, SIGNATURE, "Signature");
  if (ofResponse.length > 1 || ofAssertion.length > 1 || signatures.length !== ofResponse.length + ofAssertion.length)
    return "structure_refused";
  for (const signature of signatures) {
    const fault = signatureFault(signature);
    if (fault) return fault;
  }
  return undefined;
}

/**
 * XML Signature, section 4, limited to what SAML 2.0 (core, 5.4) allows: an enveloped signature of the element that it
 * is in.
 */
export function signatureFault(signature: Element): SamlRefusal | undefined {
  const within = elementsOf(signature);
  // A list of prefixes is gone through for each prefix in scope.
  if (
    within.length > MAX_IN_SIGNATURE ||
    within.some((element) => (element.getAttribute("PrefixList") ?? "").length > MAX_PREFIX_LIST)
  )
    return "response_too_complex";
  const info = onlyChild(signature, SIGNATURE, "SignedInfo");
  const reference = info && onlyChild(info, SIGNATURE, "Reference");
  const transforms = reference && onlyChild(reference, SIGNATURE, "Transforms");
  if (!info || !reference || !transforms || !onlyChild(signature, SIGNATURE, "SignatureValue"))
    return "structure_refused";
  const names = childrenOf(signature).map(({ localName }) => localName);
  if (
    names.some((name) => !["SignedInfo", "SignatureValue", "KeyInfo"].includes(name)) ||
    childrenOf(info).length !== 3
  )
    return "structure_refused";
  const id = attributeOf(signature.parentNode as Element, "ID");
  if (id === undefined || !/^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/.test(id) || attributeOf(reference, "URI") !== `#${id}`)
    return "structure_refused";
  const steps = childrenOf(transforms).map((transform) => attributeOf(transform, "Algorithm"));
  const allowed = [
    steps.length === 2 && steps[0] === ENVELOPED && steps[1] === EXCLUSIVE_C14N,
    algorithmOf(info, "CanonicalizationMethod") === EXCLUSIVE_C14N,
    SIGNATURE_ALGORITHMS.has(algorithmOf(info, "SignatureMethod") ?? ""),
    DIGEST_ALGORITHMS.has(algorithmOf(reference, "DigestMethod") ?? ""),
  ];
  return allowed.includes(false) ? "algorithm_refused" : undefined;
}

/** The algorithm that a child of this name gives. */
export function algorithmOf(parent: Element, name: string): string | undefined {
  const method = onlyChild(parent, SIGNATURE, name);
  return method && attributeOf(method, "Algorithm");
}
