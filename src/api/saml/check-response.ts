/** Everything that a posted SAML response must be, from its text to the person in it. Needs no store and writes nothing: it runs in a thread. */
import type { SamlConnection } from "../../store/saml-connections.js";
import { acsUrl, spEntityId } from "./addresses.js";
import { answeredRequest, assertionFault, type Expectation, responseFault } from "./assertion.js";
import { liveCertificates } from "./certificates.js";
import { readIdentity, type SamlIdentity } from "./identity.js";
import { samlLibrary } from "./library.js";
import { refused, type SamlRefused } from "./refusals.js";
import { REQUEST_LIFE_MS } from "./request-id.js";
import { type ReadResponse, readResponse } from "./response.js";
import { isMadeByOne } from "./signed-info.js";
import { parseXml } from "./xml.js";

/** What is known of a post. Plain data, because it goes to another thread. */
export interface PostedResponse {
  publicUrl: string;
  connection: SamlConnection;
  /** The document as text. */
  xml: string;
  /** The requests of this browser that were made here for this connection; times in milliseconds since the epoch. */
  requests: readonly { id: string; at: number }[];
  now: number;
}

export interface CheckedResponse {
  ok: true;
  identity: SamlIdentity;
  requestId?: string;
}

/** Whom the response names, or why it is refused. Never throws for what was posted. */
export async function checkResponse(posted: PostedResponse): Promise<CheckedResponse | SamlRefused> {
  const { publicUrl, connection, now } = posted;
  const certificates = liveCertificates(connection.certificates, now).map(({ pem }) => pem);
  const read = readResponse(posted.xml, connection);
  if (!read.ok) return read;
  const request = answeredByBrowser(posted, read);
  if (!request.ok) return request;
  const expected: Expectation = {
    issuer: connection.entityId, acsUrl: acsUrl(publicUrl, connection.id), audience: spEntityId(publicUrl, connection.id),
    authnContextClassRefs: connection.authnContextClassRefs ?? [], now, ...(request.requestId !== undefined && { requestId: request.requestId }),
  };
  const isOurs = read.signatures.every((signature) => isMadeByOne(signature, certificates));
  const signed = isOurs ? await verify(posted, read, certificates, request) : undefined;
  // What is said of a response that is not authentic decides nothing; it only tells an administrator what to look at.
  if (!signed) return refused(responseFault(read.response, expected) ?? assertionFault(read.assertion, expected) ?? "signature_invalid");
  const fault = responseFault(read.response, expected) ?? assertionFault(signed, expected);
  if (fault) return refused(fault);
  const named = readIdentity(signed, connection);
  return named.ok ? { ...named, ...(request.requestId !== undefined && { requestId: request.requestId }) } : refused(named.code);
}

interface Answered {
  ok: true;
  requestId?: string;
  at?: number;
}

/** The request must be this browser's, made here for this connection, and not too old. */
function answeredByBrowser({ connection, requests, now }: PostedResponse, { response, assertion }: ReadResponse): Answered | SamlRefused {
  const answered = answeredRequest(response, assertion);
  if (!answered) return refused("request_unknown");
  const { requestId } = answered;
  if (requestId === undefined) return connection.idpInitiated ? { ok: true } : refused("unsolicited");
  const request = requests.find(({ id }) => id === requestId);
  if (!request) return refused("request_unknown");
  return now - request.at <= REQUEST_LIFE_MS ? { ok: true, requestId, at: request.at } : refused("request_expired");
}

/** The assertion as it stands in the bytes that were signed; undefined when a signature or anything else is not to the library's liking. */
async function verify({ publicUrl, connection, xml }: PostedResponse, { assertion }: ReadResponse, certificates: string[], { requestId, at }: Answered): Promise<Element | undefined> {
  const library = samlLibrary({
    connection, publicUrl, certificates,
    ...(requestId !== undefined && at !== undefined && { requestedAt: (id: string) => (id === requestId ? new Date(at).toISOString() : null) }),
  });
  let signedXml: string | undefined;
  try {
    // Encoded anew from the text that was checked, so that both read the same.
    const { profile } = await library.validatePostResponseAsync({ SAMLResponse: Buffer.from(xml).toString("base64") });
    signedXml = profile?.getAssertionXml?.();
  } catch {
    return undefined;
  }
  const parsed = parseXml(signedXml ?? "");
  if (!parsed.ok || parsed.root.localName !== "Assertion" || parsed.root.namespaceURI !== assertion.namespaceURI) return undefined;
  return parsed.root.getAttribute("ID") === assertion.getAttribute("ID") ? parsed.root : undefined;
}
