/** A SAML identity provider of the tests' own: builds and signs responses, good ones and every kind of bad one. */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { type BinaryLike, createHash, createPrivateKey, type KeyLike, randomBytes, sign, webcrypto } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import * as x509 from "@peculiar/x509";
import { SignedXml } from "xml-crypto";

const DAY_MS = 86_400_000;

/** PEM of a self-signed certificate and its private key (PKCS #8). */
export interface SamlKey {
  cert: string;
  key: string;
}

export interface SamlKeyOptions {
  bits?: number;
  notBefore?: Date;
  notAfter?: Date;
  name?: string;
  /** The certificate says that it is an authority's. */
  ca?: boolean;
  /** Signs the certificate; absent: its own key. */
  issuer?: SamlKey;
  /** The key that is certified; absent: a new one. */
  of?: SamlKey;
}

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const privateKeyOf = ({ key }: SamlKey) =>
  webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(key), RSA, true, ["sign"]);

/** An RSA key with a certificate, as identity providers have them. */
export async function createSamlKey({
  bits = 2_048,
  notBefore = new Date(Date.now() - DAY_MS),
  notAfter = new Date(Date.now() + 365 * DAY_MS),
  name = "Test identity provider",
  ca,
  issuer,
  of,
}: SamlKeyOptions = {}): Promise<SamlKey> {
  const made = of
    ? undefined
    : await webcrypto.subtle.generateKey(
        { ...RSA, modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]) },
        true,
        ["sign", "verify"],
      );
  const publicKey = made?.publicKey ?? new x509.X509Certificate(of?.cert ?? "").publicKey;
  const key =
    of?.key ??
    `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", (made as CryptoKeyPair).privateKey), "PRIVATE KEY")}\n`;
  const subject = `CN=${name}`;
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer ? new x509.X509Certificate(issuer.cert).subject : subject,
    publicKey,
    signingKey: await privateKeyOf(issuer ?? { key, cert: "" }),
    notBefore,
    notAfter,
    signingAlgorithm: RSA,
    extensions: ca === undefined ? [] : [new x509.BasicConstraintsExtension(ca, undefined, true)],
  });
  return { cert: `${certificate.toString("pem")}\n`, key };
}

/** A key on an elliptic curve, with its certificate. */
export async function createCurveKey(curve: "P-256" | "P-384" | "P-521" | "Ed25519"): Promise<SamlKey> {
  const algorithm = curve === "Ed25519" ? { name: curve } : { name: "ECDSA", namedCurve: curve, hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error("no key pair");
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Test identity provider",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
  });
  return {
    cert: `${certificate.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY")}\n`,
  };
}

/** The base64 of a certificate, as metadata and KeyInfo hold it. */
export const bareCertificate = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, "");

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
const attribute = (name: string, value: string | null): string => (value === null ? "" : ` ${name}="${value}"`);

/** The unsigned XML of a response. */
export function responseXml(parts: ResponseParts): string {
  const confirmation = `<saml:SubjectConfirmation Method="${parts.confirmationMethod}"><saml:SubjectConfirmationData${attribute("Recipient", parts.recipient)}${attribute("InResponseTo", parts.confirmationInResponseTo)}${attribute("NotOnOrAfter", parts.confirmationNotOnOrAfter)}/></saml:SubjectConfirmation>`;
  const context =
    parts.authnContext === null
      ? ""
      : `<saml:AuthnContext><saml:AuthnContextClassRef>${parts.authnContext}</saml:AuthnContextClassRef></saml:AuthnContext>`;
  const authn = `<saml:AuthnStatement AuthnInstant="${parts.issueInstant}"${attribute("SessionIndex", parts.sessionIndex)}${attribute("SessionNotOnOrAfter", parts.sessionNotOnOrAfter)}>${context}</saml:AuthnStatement>`;
  const values = parts.attributes.map(
    ([name, each]) =>
      `<saml:Attribute Name="${name}">${each.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join("")}</saml:Attribute>`,
  );
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ` +
    `xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${parts.responseId}" Version="${parts.version}" ` +
    `IssueInstant="${parts.issueInstant}"${attribute("Destination", parts.destination)}${attribute("InResponseTo", parts.inResponseTo)}>` +
    (parts.issuer === null ? "" : `<saml:Issuer>${parts.issuer}</saml:Issuer>`) +
    `<samlp:Status><samlp:StatusCode Value="${parts.status}"/></samlp:Status>` +
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${parts.assertionId}" ` +
    `Version="${parts.version}" IssueInstant="${parts.issueInstant}">` +
    (parts.assertionIssuer === null ? "" : `<saml:Issuer>${parts.assertionIssuer}</saml:Issuer>`) +
    `<saml:Subject>${parts.nameId === null ? "" : `<saml:NameID Format="${parts.nameIdFormat}">${parts.nameId}</saml:NameID>`}${parts.confirmations ?? confirmation}</saml:Subject>` +
    `<saml:Conditions${attribute("NotBefore", parts.notBefore)}${attribute("NotOnOrAfter", parts.notOnOrAfter)}>${parts.audience === null ? "" : `<saml:AudienceRestriction><saml:Audience>${parts.audience}</saml:Audience></saml:AudienceRestriction>`}${parts.conditions}</saml:Conditions>` +
    (parts.authnStatements ?? authn) +
    (values.length === 0 ? "" : `<saml:AttributeStatement>${values.join("")}</saml:AttributeStatement>`) +
    `${parts.inAssertion}</saml:Assertion>${parts.inResponse}</samlp:Response>`
  );
}

export interface SigningOptions {
  key: string;
  /** Put into KeyInfo; absent: there is none. */
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
  /** Metadata with these certificates; default its own. */
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

/** An identity provider with a key of its own. */
export function createSamlIdp(
  key: SamlKey,
  { entityId = "https://idp.example/metadata", ssoUrl = "https://idp.example/sso" } = {},
): SamlIdp {
  const idp: SamlIdp = {
    entityId,
    ssoUrl,
    key,
    metadataXml: (certificates = [key.cert]) => `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${entityId}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    ${certificates.map((pem) => `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${bareCertificate(pem)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`).join("\n    ")}
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${ssoUrl}/post"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${ssoUrl}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`,
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
