/** Messages of single logout as identity providers send them, well or badly. */
import { createPrivateKey, randomBytes, sign } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { type SamlKey, signElement, type SigningOptions } from "./saml-idp.js";
import { element, filled } from "./xml.js";

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
  return filled(
    `samlp:${message.name}`,
    {
      "xmlns:samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
      "xmlns:saml": "urn:oasis:names:tc:SAML:2.0:assertion",
      ID: message.id,
      Version: message.version,
      IssueInstant: message.issueInstant,
      Destination: message.destination,
      ...(isRequest ? { NotOnOrAfter: message.notOnOrAfter } : { InResponseTo: message.inResponseTo }),
    },
    filled("saml:Issuer", {}, message.issuer),
    isRequest ? subjectOf(message) : filled("samlp:Status", {}, element("samlp:StatusCode", { Value: message.status })),
    message.more,
  );
}

function subjectOf({ nameId, sessionIndexes }: LogoutMessage): string {
  const name = nameId === null || nameId.startsWith("<") ? (nameId ?? "") : filled("saml:NameID", {}, nameId);
  return name + sessionIndexes.map((index) => filled("samlp:SessionIndex", {}, index)).join("");
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
