/** A SAML identity provider of the tests' own: builds and signs responses, good ones and every kind of bad one. */
import { type BinaryLike, createHash, createPrivateKey, type KeyLike, randomBytes, sign } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { SignedXml } from "xml-crypto";
import { bareCertificate, createCurveKey, createSamlKey, type SamlKey, type SamlKeyOptions } from "./saml-key.js";
import { element, filled, keyDescriptor } from "./xml.js";

export { bareCertificate, createCurveKey, createSamlKey, type SamlKey, type SamlKeyOptions };

const ASSERTION_NAMESPACE = "urn:oasis:names:tc:SAML:2.0:assertion";

/** Everything a response says. `null` leaves a thing out. */
export interface ResponseParts {
  responseId: string;
  assertionId: string;
  issueInstant: string;
  version: string;
  issuer: string | null;
  assertionIssuer: string | null;
  destination: string | null;
  inResponseTo: string | null;
  status: string;
  /** XML inside NameID: text must be escaped by whoever gives it. */
  nameId: string | null;
  nameIdFormat: string;
  confirmationMethod: string;
  recipient: string | null;
  confirmationInResponseTo: string | null;
  confirmationNotOnOrAfter: string | null;
  /** XML instead of the one SubjectConfirmation. */
  confirmations: string | undefined;
  audience: string | null;
  notBefore: string | null;
  notOnOrAfter: string | null;
  /** XML inside Conditions, beside the audience. */
  conditions: string;
  /** Names and values, escaped by whoever gives them. */
  attributes: [string, string[]][];
  authnContext: string | null;
  sessionIndex: string | null;
  sessionNotOnOrAfter: string | null;
  /** XML instead of the one AuthnStatement. */
  authnStatements: string | undefined;
  /** XML at the end of the assertion, and of the response. */
  inAssertion: string;
  inResponse: string;
}

const instant = (offsetMs: number): string => new Date(Date.now() + offsetMs).toISOString();

/** The unsigned XML of a response. */
export function responseXml(parts: ResponseParts): string {
  const issuer = (value: string | null) => (value === null ? "" : element("saml:Issuer", {}, value));
  const stamp = { Version: parts.version, IssueInstant: parts.issueInstant };
  return element(
    "samlp:Response",
    {
      "xmlns:samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
      "xmlns:saml": ASSERTION_NAMESPACE,
      ID: parts.responseId,
      ...stamp,
      Destination: parts.destination,
      InResponseTo: parts.inResponseTo,
    },
    issuer(parts.issuer),
    element("samlp:Status", {}, element("samlp:StatusCode", { Value: parts.status })),
    element(
      "saml:Assertion",
      { "xmlns:saml": ASSERTION_NAMESPACE, ID: parts.assertionId, ...stamp },
      issuer(parts.assertionIssuer),
      subjectXml(parts),
      conditionsXml(parts),
      parts.authnStatements ?? authnStatementXml(parts),
      attributesXml(parts),
      parts.inAssertion,
    ),
    parts.inResponse,
  );
}

function subjectXml(parts: ResponseParts): string {
  const data = {
    Recipient: parts.recipient,
    InResponseTo: parts.confirmationInResponseTo,
    NotOnOrAfter: parts.confirmationNotOnOrAfter,
  };
  const confirmation = element(
    "saml:SubjectConfirmation",
    { Method: parts.confirmationMethod },
    element("saml:SubjectConfirmationData", data),
  );
  return element(
    "saml:Subject",
    {},
    parts.nameId === null ? "" : filled("saml:NameID", { Format: parts.nameIdFormat }, parts.nameId),
    parts.confirmations ?? confirmation,
  );
}

function conditionsXml({ audience, notBefore, notOnOrAfter, conditions }: ResponseParts): string {
  const restriction =
    audience === null ? "" : element("saml:AudienceRestriction", {}, element("saml:Audience", {}, audience));
  return filled("saml:Conditions", { NotBefore: notBefore, NotOnOrAfter: notOnOrAfter }, restriction, conditions);
}

function authnStatementXml({ issueInstant, sessionIndex, sessionNotOnOrAfter, authnContext }: ResponseParts): string {
  return filled(
    "saml:AuthnStatement",
    { AuthnInstant: issueInstant, SessionIndex: sessionIndex, SessionNotOnOrAfter: sessionNotOnOrAfter },
    authnContext === null
      ? ""
      : element("saml:AuthnContext", {}, element("saml:AuthnContextClassRef", {}, authnContext)),
  );
}

function attributesXml({ attributes }: ResponseParts): string {
  const values = attributes.map(([name, each]) =>
    filled("saml:Attribute", { Name: name }, ...each.map((value) => filled("saml:AttributeValue", {}, value))),
  );
  return values.length === 0 ? "" : element("saml:AttributeStatement", {}, ...values);
}

export interface SigningOptions {
  key: string;
  /** Put into KeyInfo. Without it there is none. */
  cert?: string;
  signatureAlgorithm?: string;
  digestAlgorithm?: string;
  transforms?: string[];
  canonicalization?: string;
  /** The value of an ECDSA signature in DER, which XML Signature does not have. */
  der?: boolean;
}

/** What xml-crypto does not sign by itself. */
const MORE = "http://www.w3.org/2001/04/xmldsig-more#";
const EXTRA_DIGESTS = { [`${MORE}sha384`]: "sha384" };
const EXTRA_SIGNATURES = ["rsa-sha384", "ecdsa-sha1", "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512"].map(
  (name) => MORE + name,
);

const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
const EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/** Signs the response or its assertion, enveloped, after its first child, which is the issuer when there is one. */
export function signElement(
  xml: string,
  what: "Response" | "Assertion" | "LogoutRequest" | "LogoutResponse",
  options: SigningOptions,
): string {
  const path = `//*[local-name(.)='${what}']`;
  const signer = new SignedXml({
    privateKey: options.key,
    ...(options.cert !== undefined && { publicCert: options.cert }),
    signatureAlgorithm: options.signatureAlgorithm ?? RSA_SHA256,
    canonicalizationAlgorithm: options.canonicalization ?? EXCLUSIVE_C14N,
    ...(options.cert === undefined && { getKeyInfoContent: () => null }),
  });
  if (options.signatureAlgorithm?.includes("hmac")) signer.enableHMAC();
  for (const [uri, digest] of Object.entries(EXTRA_DIGESTS))
    signer.HashAlgorithms[uri] = class {
      getAlgorithmName = () => uri;
      getHash = (text: string) => createHash(digest).update(text, "utf8").digest("base64");
    };
  for (const uri of EXTRA_SIGNATURES)
    signer.SignatureAlgorithms[uri] = class {
      getAlgorithmName = () => uri;
      getSignature = (info: BinaryLike, privateKey: KeyLike) =>
        sign(/sha\d+/.exec(uri)?.[0], typeof info === "string" ? Buffer.from(info) : Buffer.alloc(0), {
          key: createPrivateKey(typeof privateKey === "string" ? privateKey : ""),
          dsaEncoding: options.der ? "der" : "ieee-p1363",
        }).toString("base64");
      verifySignature = () => false;
    };
  signer.addReference({
    xpath: path,
    transforms: options.transforms ?? [ENVELOPED, EXCLUSIVE_C14N],
    digestAlgorithm: options.digestAlgorithm ?? SHA256,
  });
  signer.computeSignature(xml, { prefix: "ds", location: { reference: `${path}/*[1]`, action: "after" } });
  return signer.getSignedXml();
}

/** What a service provider asked for, read out of the redirect's address. */
export interface ReadRequest {
  id: string;
  acsUrl: string;
  issuer: string;
  relayState: string;
  xml: string;
}

/** Reads the AuthnRequest of an HTTP-Redirect address. */
export function readRequest(url: string): ReadRequest {
  const { searchParams } = new URL(url);
  const xml = inflateRawSync(Buffer.from(searchParams.get("SAMLRequest") ?? "", "base64")).toString("utf8");
  const find = (pattern: RegExp) => pattern.exec(xml)?.[1] ?? "";
  return {
    id: find(/ ID="([^"]*)"/),
    acsUrl: find(/AssertionConsumerServiceURL="([^"]*)"/),
    issuer: find(/<saml:Issuer[^>]*>([^<]*)</),
    relayState: searchParams.get("RelayState") ?? "",
    xml,
  };
}

export interface SamlIdp {
  entityId: string;
  ssoUrl: string;
  key: SamlKey;
  /** Metadata with these certificates. By default its own. */
  metadataXml(certificates?: string[]): string;
  /** What a good response to the request says. */
  parts(request: Pick<ReadRequest, "id" | "acsUrl" | "issuer">, changes?: Partial<ResponseParts>): ResponseParts;
  /** Signs assertion and response (or what is asked for) with its key, or with another. */
  sign(xml: string, options?: Partial<SigningOptions> & { what?: ("Assertion" | "Response")[] }): string;
  /** The form field of a good response, or of one with changes. */
  respond(request: Pick<ReadRequest, "id" | "acsUrl" | "issuer">, changes?: Partial<ResponseParts>): string;
}

const BOTH: ("Assertion" | "Response")[] = ["Assertion", "Response"];

export const encodeResponse = (xml: string): string => Buffer.from(xml).toString("base64");

function idpMetadataXml(entityId: string, ssoUrl: string, certificates: readonly string[]): string {
  const binding = (name: string, location: string) =>
    element("md:SingleSignOnService", { Binding: `urn:oasis:names:tc:SAML:2.0:bindings:${name}`, Location: location });
  const descriptor = element(
    "md:IDPSSODescriptor",
    { protocolSupportEnumeration: "urn:oasis:names:tc:SAML:2.0:protocol" },
    ...[
      "",
      ...certificates.map((pem) => keyDescriptor(bareCertificate(pem))),
      binding("HTTP-POST", `${ssoUrl}/post`),
    ].map((part) => `${part}\n    `),
    `${binding("HTTP-Redirect", ssoUrl)}\n  `,
  );
  const namespaces = {
    "xmlns:md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "xmlns:ds": "http://www.w3.org/2000/09/xmldsig#",
  };
  const entity = element("md:EntityDescriptor", { ...namespaces, entityID: entityId }, `\n  ${descriptor}\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${entity}`;
}

/** An identity provider with a key of its own. */
export function createSamlIdp(
  key: SamlKey,
  { entityId = "https://idp.example/metadata", ssoUrl = "https://idp.example/sso" } = {},
): SamlIdp {
  const idp: SamlIdp = {
    entityId,
    ssoUrl,
    key,
    metadataXml: (certificates = [key.cert]) => idpMetadataXml(entityId, ssoUrl, certificates),
    parts: (request, changes = {}) => ({
      responseId: `_r${randomBytes(16).toString("hex")}`,
      assertionId: `_a${randomBytes(16).toString("hex")}`,
      issueInstant: instant(0),
      version: "2.0",
      issuer: entityId,
      assertionIssuer: entityId,
      destination: request.acsUrl,
      inResponseTo: request.id,
      status: "urn:oasis:names:tc:SAML:2.0:status:Success",
      nameId: "person-1",
      nameIdFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
      confirmationMethod: "urn:oasis:names:tc:SAML:2.0:cm:bearer",
      recipient: request.acsUrl,
      confirmationInResponseTo: request.id,
      confirmationNotOnOrAfter: instant(300_000),
      confirmations: undefined,
      audience: request.issuer,
      notBefore: instant(-1_000),
      notOnOrAfter: instant(300_000),
      conditions: "",
      attributes: [
        ["groups", ["staff"]],
        ["email", ["person@example.com"]],
        ["displayName", ["A Person"]],
      ],
      authnContext: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
      sessionIndex: "_session",
      sessionNotOnOrAfter: null,
      authnStatements: undefined,
      inAssertion: "",
      inResponse: "",
      ...changes,
    }),
    sign: (xml, { what = BOTH, ...options } = {}) =>
      what.reduce<string>(
        (signed, each) => signElement(signed, each, { key: key.key, cert: key.cert, ...options }),
        xml,
      ),
    respond: (request, changes) => encodeResponse(idp.sign(responseXml(idp.parts(request, changes)))),
  };
  return idp;
}
