/**
 * All checks of a posted SAML response, from its text to the person in it. They run in a thread, so they need no store
 * and write nothing.
 */
import type { SamlConnection } from "../../../store/collections/saml-connections.js";
import { acsUrl, spEntityId } from "../addresses.js";
import { answeredRequest, assertionFault, type Expectation, responseFault } from "./assertion.js";
import { liveCertificates } from "../certificates.js";
import { decryptResponse } from "./encrypted-assertion.js";
import { readIdentity, type SamlIdentity } from "./identity.js";
import { refused, type SamlRefused } from "../refusals.js";
import { REQUEST_LIFE_MS } from "../request-id.js";
import { type ReadResponse, readResponse } from "./response.js";
import { isMadeByOne } from "./signed-info.js";
import { verifiedXml } from "./verified-xml.js";
import { parseXml } from "../xml.js";

/** What is known about a post. It is plain data, because it goes to another thread. */
export interface PostedResponse {
  publicUrl: string;
  connection: SamlConnection;
  /** The document as text. */
  xml: string;
  /** The requests of this browser that were made here for this connection. Times are milliseconds since the epoch. */
  requests: readonly { id: string; at: number }[];
  now: number;
  /** Clocks may differ by this much, milliseconds. */
  skewMs: number;
}

export interface CheckedResponse {
  ok: true;
  identity: SamlIdentity;
  requestId?: string;
}

/** The person whom the response names, or why it is refused. It never throws, whatever was posted. */
export async function checkResponse(posted: PostedResponse): Promise<CheckedResponse | SamlRefused> {
  const { publicUrl, connection, xml, now } = posted;
  const { requireSignedResponse, keys = [] } = connection;
  const certificates = liveCertificates(connection.certificates, now).map(({ pem }) => pem);
  const decrypted = decryptResponse({
    xml,
    certificates,
    keys,
    recipient: spEntityId(publicUrl, connection.id),
    requireSignedResponse,
    now: new Date(now),
  });
  if (!decrypted) return checkPlain(posted, { certificates, requireSignedResponse }).outcome;
  if (!decrypted.ok) return decrypted;
  const { authentic, outcome } = checkPlain(
    { ...posted, xml: decrypted.xml },
    { certificates, requireSignedResponse: false, opened: decrypted },
  );
  // Until a signature is verified, the sender may be an attacker, who must not learn whether the decryption worked
  // (padding oracle). The response's own signature covers the ciphertext.
  return authentic || decrypted.signed ? outcome : refused("decryption_failed");
}

/** With `authentic`, what is said about the assertion is about what the identity provider signed. */
interface Checked {
  authentic: boolean;
  outcome: CheckedResponse | SamlRefused;
}
const unproven = (outcome: SamlRefused): Checked => ({ authentic: false, outcome });

interface Asked {
  certificates: string[];
  requireSignedResponse: boolean;
  /** Its assertion was encrypted, and its own signature, which held when there was one, is no longer in it. */
  opened?: { signed: boolean };
}

function checkPlain(posted: PostedResponse, { certificates, requireSignedResponse, opened }: Asked): Checked {
  const { publicUrl, connection, now } = posted;
  const read = readResponse(posted.xml, { requireSignedResponse, ...(opened && { wasSigned: opened.signed }) });
  if (!read.ok) return unproven(read);
  const request = answeredByBrowser(posted, read);
  if (!request.ok) return unproven(request);
  const expected: Expectation = {
    issuer: connection.entityId,
    acsUrl: acsUrl(publicUrl, connection.id),
    audience: spEntityId(publicUrl, connection.id),
    authnContextClassRefs: connection.authnContextClassRefs ?? [],
    now,
    skewMs: posted.skewMs,
    responseSigned: opened?.signed ?? read.signatures.length > 1,
    encrypted: opened !== undefined,
    ...(request.requestId !== undefined && { requestId: request.requestId }),
  };
  const signed = verifiedAssertion(posted.xml, read, certificates);
  // The content of a response that is not authentic decides nothing. It only shows an administrator what to look at.
  if (!signed)
    return unproven(
      refused(
        responseFault(read.response, expected) ?? assertionFault(read.assertion, expected) ?? "signature_invalid",
      ),
    );
  const fault = responseFault(read.response, expected) ?? assertionFault(signed, expected);
  if (fault) return { authentic: true, outcome: refused(fault) };
  const named = readIdentity(signed, connection);
  const outcome = named.ok
    ? {
        ok: true as const,
        identity: lasting(named.identity, posted),
        ...(request.requestId !== undefined && { requestId: request.requestId }),
      }
    : refused(named.code);
  return { authentic: true, outcome };
}

interface Answered {
  ok: true;
  requestId?: string;
}

/** The request must be this browser's, made here for this connection, and not too old. */
function answeredByBrowser(
  { connection, requests, now }: PostedResponse,
  { response, assertion }: ReadResponse,
): Answered | SamlRefused {
  const answered = answeredRequest(response, assertion);
  if (!answered) return refused("request_unknown");
  const { requestId } = answered;
  if (requestId === undefined) return connection.idpInitiated ? { ok: true } : refused("unsolicited");
  const request = requests.find(({ id }) => id === requestId);
  if (!request) return refused("request_unknown");
  return now - request.at <= REQUEST_LIFE_MS ? { ok: true, requestId } : refused("request_expired");
}

/**
 * A session that ended within the tolerance of the clocks is prolonged by that tolerance. Otherwise it would end before
 * the person sees the first page.
 */
function lasting(identity: SamlIdentity, { now, skewMs }: PostedResponse): SamlIdentity {
  const ends = identity.sessionNotOnOrAfter?.getTime();
  return ends === undefined || ends > now ? identity : { ...identity, sessionNotOnOrAfter: new Date(ends + skewMs) };
}

/** The assertion from the bytes that were signed. Undefined when a signature is not valid. */
function verifiedAssertion(
  xml: string,
  { signatures, assertion }: ReadResponse,
  certificates: readonly string[],
): Element | undefined {
  if (!signatures.every((signature) => isMadeByOne(signature, certificates))) return undefined;
  const covered = signatures.map((signature) => ({
    of: signature.parentNode,
    bytes: verifiedXml(xml, signature, certificates),
  }));
  if (covered.some(({ bytes }) => bytes === undefined)) return undefined;
  const parsed = parseXml(covered.find(({ of }) => of === assertion)?.bytes ?? "");
  if (!parsed.ok || parsed.root.localName !== "Assertion" || parsed.root.namespaceURI !== assertion.namespaceURI)
    return undefined;
  return parsed.root.getAttribute("ID") === assertion.getAttribute("ID") ? parsed.root : undefined;
}
