/** Messages of single logout as identity providers send them, well or badly. */
import { createPrivateKey, randomBytes, sign } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { type SamlKey, signElement, type SigningOptions } from "./saml-idp.js";

export interface LogoutMessage {
  name: "LogoutRequest" | "LogoutResponse";
  id: string;
  issuer: string;
  destination: string | null;
  version: string;
  issueInstant: string;
  notOnOrAfter: string | null;
  /** XML in place of the NameID, or the name itself. */
  nameId: string | null;
  sessionIndexes: string[];
  inResponseTo: string;
  status: string;
  /** XML at the end. */
  more: string;
}

const attribute = (name: string, value: string | null): string => (value === null ? "" : ` ${name}="${value}"`);

/** The unsigned XML. */
export function logoutXml(
  given: Partial<LogoutMessage> & Pick<LogoutMessage, "name" | "issuer" | "destination">,
): string {
  const message: LogoutMessage = {
    id: `_l${randomBytes(16).toString("hex")}`,
    version: "2.0",
    issueInstant: new Date().toISOString(),
    notOnOrAfter: new Date(Date.now() + 300_000).toISOString(),
    nameId: "person-1",
    sessionIndexes: [],
    inResponseTo: "_none",
    status: "urn:oasis:names:tc:SAML:2.0:status:Success",
    more: "",
    ...given,
  };
  const isRequest = message.name === "LogoutRequest";
  const content = isRequest
    ? `${message.nameId === null ? "" : message.nameId.startsWith("<") ? message.nameId : `<saml:NameID>${message.nameId}</saml:NameID>`}${message.sessionIndexes.map((index) => `<samlp:SessionIndex>${index}</samlp:SessionIndex>`).join("")}`
    : `<samlp:Status><samlp:StatusCode Value="${message.status}"/></samlp:Status>`;
  return (
    `<samlp:${message.name} xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ` +
    `xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${message.id}" Version="${message.version}" ` +
    `IssueInstant="${message.issueInstant}"` +
    `${attribute("Destination", message.destination)}${isRequest ? attribute("NotOnOrAfter", message.notOnOrAfter) : attribute("InResponseTo", message.inResponseTo)}><saml:Issuer>${message.issuer}</saml:Issuer>${content}${message.more}</samlp:${message.name}>`
  );
}

const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/** The query of an HTTP-Redirect address, signed over it. */
export function logoutQuery(
  xml: string,
  {
    key,
    kind = "SAMLRequest",
    relayState,
    sigAlg = RSA_SHA256,
    encode = encodeURIComponent,
  }: {
    key?: SamlKey;
    kind?: "SAMLRequest" | "SAMLResponse";
    relayState?: string;
    sigAlg?: string;
    encode?: (text: string) => string;
  },
): string {
  const query = [
    `${kind}=${encode(deflateRawSync(xml).toString("base64"))}`,
    ...(relayState === undefined ? [] : [`RelayState=${encode(relayState)}`]),
    ...(key ? [`SigAlg=${encode(sigAlg)}`] : []),
  ].join("&");
  if (!key) return query;
  const value = sign(/sha\d+/.exec(sigAlg)?.[0], Buffer.from(query), {
    key: createPrivateKey(key.key),
    dsaEncoding: "ieee-p1363",
  });
  return `${query}&Signature=${encode(value.toString("base64"))}`;
}

/** The form field of an HTTP-POST, signed in the document. */
export const logoutField = (
  xml: string,
  name: LogoutMessage["name"],
  key: SamlKey | undefined,
  options: Partial<SigningOptions> = {},
): string =>
  Buffer.from(key ? signElement(xml, name, { key: key.key, cert: key.cert, ...options }) : xml).toString("base64");
