/**
 * The messages of single logout (SAML 2.0 core, 3.7, and profiles, 4.4). They are written for the identity provider and
 * read from it.
 */
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import type { SessionIdentity } from "../../store/collections/sessions.js";
import { html } from "../pages/html.js";
import { isSignedBy, SIGNATURE_ALGORITHMS } from "./response/signature-algorithms.js";
import { bytesOfBase64, messageText, withoutLineBreaks } from "./message-text.js";
import { refused, type SamlRefused } from "./refusals.js";
import { isMessage, PROTOCOL, SIGNATURE, signatureFault } from "./response/response.js";
import { isMadeByOne } from "./response/signed-info.js";
import { verifiedXml } from "./response/verified-xml.js";
import { childrenOf, elementsOf, parseXml } from "./xml.js";

const PROTOCOL_PREFIX = html`xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"`;
const NAMESPACES = html`${PROTOCOL_PREFIX} xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`;
const SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success";

/**
 * So many characters may be in the text of a message. A LogoutRequest with its signature and certificate has some
 * 5,000.
 */
export const MAX_LOGOUT_CHARACTERS = 32 * 1024;
const LIMITS = { maxDepth: 12, maxElements: 200 };

export interface LogoutParts {
  id: string;
  issuer: string;
  destination: string;
  now: Date;
}

/**
 * Asks the identity provider to end the person's session there. The name is written as the provider wrote it, with all
 * that qualifies it.
 */
export function logoutRequestXml(
  { id, issuer, destination, now }: LogoutParts,
  { nameId, nameIdFormat, nameQualifier, spNameQualifier, sessionIndex }: SessionIdentity,
): string {
  const named = Object.entries({
    NameQualifier: nameQualifier,
    SPNameQualifier: spNameQualifier,
    Format: nameIdFormat,
  }).flatMap(([name, value]) => (value === undefined ? [] : html` ${name}="${value}"`));
  const until = new Date(now.getTime() + 5 * 60_000).toISOString();
  const times = html`IssueInstant="${now.toISOString()}" NotOnOrAfter="${until}"`;
  const subject = html`<saml:NameID${named}>${nameId}</saml:NameID>`;
  const session =
    sessionIndex === undefined ? undefined : html`<samlp:SessionIndex>${sessionIndex}</samlp:SessionIndex>`;
  const head = html`${NAMESPACES} ID="${id}" Version="2.0" ${times} Destination="${destination}"`;
  const content = html`<saml:Issuer>${issuer}</saml:Issuer>${subject}${session}`;
  return html`<samlp:LogoutRequest ${head}>${content}</samlp:LogoutRequest>`.text;
}

/** Confirms to the identity provider that the sessions that it named have ended here. */
export function logoutResponseXml({ issuer, destination, now }: Omit<LogoutParts, "id">, inResponseTo: string): string {
  const id = `_${randomBytes(16).toString("hex")}`;
  const times = html`IssueInstant="${now.toISOString()}"`;
  const addressed = html`Destination="${destination}" InResponseTo="${inResponseTo}"`;
  const head = html`${NAMESPACES} ID="${id}" Version="2.0" ${times} ${addressed}`;
  const status = html`<samlp:Status><samlp:StatusCode Value="${SUCCESS}"/></samlp:Status>`;
  const content = html`<saml:Issuer>${issuer}</saml:Issuer>${status}`;
  return html`<samlp:LogoutResponse ${head}>${content}</samlp:LogoutResponse>`.text;
}

/** A message as the browser brought it. */
export type IncomingLogout =
  /** The message by HTTP-POST: base64 of the document. */
  | { binding: "post"; kind: "SAMLRequest" | "SAMLResponse"; message: string }
  /** The message by HTTP-Redirect. It is deflated, and the signature covers parts of the query as they were sent. */
  | {
      binding: "redirect";
      kind: "SAMLRequest" | "SAMLResponse";
      message: string;
      query: string;
      sigAlg?: string;
      signature?: string;
    };

export type ReadLogout = { ok: true; message: Element } | SamlRefused;

/** The message, out of the bytes that a key of one of the certificates (PEM) has signed. */
export async function readLogout(incoming: IncomingLogout, certificates: readonly string[]): Promise<ReadLogout> {
  const xml = await textOf(incoming);
  if (typeof xml !== "string") return xml;
  if (incoming.binding === "redirect") {
    // Before anything is parsed, which the other binding cannot have.
    const fault = querySignatureFault(incoming, certificates);
    if (fault) return fault;
  }
  const parsed = parseXml(xml, LIMITS);
  if (!parsed.ok)
    return refused(
      parsed.fault === "too_complex"
        ? "response_too_complex"
        : parsed.fault === "markup"
          ? "markup_refused"
          : "response_unreadable",
    );
  const name = incoming.kind === "SAMLRequest" ? "LogoutRequest" : "LogoutResponse";
  const elements = elementsOf(parsed.root);
  if (!isMessage(parsed.root, elements, name)) return refused("logout_refused");
  return incoming.binding === "redirect"
    ? { ok: true, message: parsed.root }
    : verifiedMessage(xml, parsed.root, elements, certificates);
}

function verifiedMessage(
  xml: string,
  root: Element,
  elements: readonly Element[],
  certificates: readonly string[],
): ReadLogout {
  const [own, ...more] = childrenOf(root, SIGNATURE, "Signature");
  if (!own) return refused("signature_missing");
  if (more.length > 0 || elements.filter(({ localName }) => localName === "Signature").length !== 1)
    return refused("logout_refused");
  const shape = signatureFault(own);
  if (shape) return refused(shape);
  const bytes = isMadeByOne(own, certificates) ? verifiedXml(xml, own, certificates) : undefined;
  const signed = bytes === undefined ? undefined : parseXml(bytes, LIMITS);
  return signed?.ok && signed.root.localName === root.localName && signed.root.namespaceURI === PROTOCOL
    ? { ok: true, message: signed.root }
    : refused("signature_invalid");
}

/**
 * Base64, and for HTTP-Redirect deflated. 204 KB of deflated text can become 200 MB, so both the input and the output
 * are bounded.
 */
async function textOf({ binding, message }: IncomingLogout): Promise<string | SamlRefused> {
  const base64 = withoutLineBreaks(message);
  if (base64.length > MAX_LOGOUT_CHARACTERS) return refused("response_too_large");
  const bytes = bytesOfBase64(base64);
  if (!bytes) return refused("response_unreadable");
  try {
    return messageText(
      binding === "post" ? bytes : await promisify(inflateRaw)(bytes, { maxOutputLength: MAX_LOGOUT_CHARACTERS }),
    );
  } catch {
    return refused("response_unreadable");
  }
}

/**
 * The signature covers the message, the RelayState and the algorithm as they were encoded. The order is always this
 * one, whatever order they were sent in (bindings, 3.4.4.1).
 */
function querySignatureFault(
  { kind, query, sigAlg, signature }: Extract<IncomingLogout, { binding: "redirect" }>,
  certificates: readonly string[],
): SamlRefused | undefined {
  if (sigAlg === undefined || signature === undefined) return refused("signature_missing");
  if (!SIGNATURE_ALGORITHMS.has(sigAlg)) return refused("algorithm_refused");
  const pairs = query.split("&");
  const raw = [kind, "RelayState", "SigAlg"]
    .flatMap((name) => pairs.find((pair) => pair.startsWith(`${name}=`)) ?? [])
    .join("&");
  const bytes = Buffer.from(signature, "base64");
  return certificates.some((pem) => isSignedBy(pem, sigAlg, Buffer.from(raw), bytes))
    ? undefined
    : refused("signature_invalid");
}
