/** The SAML 2.0 service provider: sends people to their company's identity provider, and decides who comes back. */
import { createHash } from "node:crypto";
import type { Logger } from "pino";
import type { SamlConnection } from "../../store/saml-connections.js";
import type { Store } from "../../store/store.js";
import { acsUrl, spEntityId } from "./addresses.js";
import { answeredRequest, assertionFault, CLOCK_SKEW_MS, type Expectation, MAX_ASSERTION_AGE_MS, responseFault } from "./assertion.js";
import { liveCertificates } from "./certificates.js";
import { readIdentity, type SamlIdentity } from "./identity.js";
import { samlLibrary } from "./library.js";
import { refused, type SamlRefused } from "./refusals.js";
import { newRequestId, REQUEST_LIFE_MS, requestedAt } from "./request-id.js";
import { type ReadResponse, readResponse } from "./response.js";
import { parseXml } from "./xml.js";

export type { SamlIdentity } from "./identity.js";
export type { SamlRefusal } from "./refusals.js";

export interface ServiceProvider {
  /**
   * The redirect to the identity provider (HTTP-Redirect binding). The response must answer `requestId` within ten minutes; bind it to the
   * browser by a pre-login cookie. `relayState` is an opaque key of at most 80 bytes (SAML bindings, 3.4.3).
   */
  begin(connection: SamlConnection, relayState: string): Promise<{ url: string; requestId: string }>;
  /**
   * Checks a response posted to the connection's ACS. Uses up the request and the assertion: of many posts of one response, at once and
   * over all processes, one is accepted. `expectedRequestIds` come from the browser's pre-login cookies: two tabs may log in at once.
   * @throws StoreError `unavailable`; whatever was posted is answered by a code
   */
  accept(connection: SamlConnection, form: { SAMLResponse: string; RelayState?: string }, expectedRequestIds: readonly string[]): Promise<{ ok: true; identity: SamlIdentity } | SamlRefused>;
}

export interface ServiceProviderDependencies {
  store: Pick<Store, "blindIndex" | "samlUses">;
  /** Without a slash at the end. */
  publicUrl: string;
  log?: Pick<Logger, "info">;
}

const MAX_RELAY_STATE_BYTES = 80;
/** No assertion is accepted for longer; the rest is for clocks that are set back. */
const REMEMBER_ASSERTION_MS = 12 * MAX_ASSERTION_AGE_MS;

/** The service provider of one process. */
export function createServiceProvider({ store, publicUrl, log }: ServiceProviderDependencies): ServiceProvider {
  const refusedFor = (connection: SamlConnection, refusal: SamlRefused): SamlRefused => {
    log?.info({ connection: connection.id, code: refusal.code }, "a SAML response was refused");
    return refusal;
  };
  return {
    async begin(connection, relayState) {
      if (Buffer.byteLength(relayState) > MAX_RELAY_STATE_BYTES) throw new RangeError(`RelayState may have ${MAX_RELAY_STATE_BYTES} bytes.`);
      const requestId = newRequestId(store, connection.id);
      const library = samlLibrary({ connection, publicUrl, certificates: connection.certificates.map(({ pem }) => pem), requestId });
      return { url: await library.getAuthorizeUrlAsync(relayState, undefined, {}), requestId };
    },
    async accept(connection, form, expectedRequestIds) {
      const checked = await check({ store, publicUrl, connection, field: form.SAMLResponse, expectedRequestIds });
      if (!checked.ok) return refusedFor(connection, checked);
      const fresh = await useUp(store, connection, checked);
      return fresh ? { ok: true, identity: checked.identity } : refusedFor(connection, refused("replayed"));
    },
  };
}

interface Posted {
  store: Pick<Store, "blindIndex">;
  publicUrl: string;
  connection: SamlConnection;
  field: unknown;
  expectedRequestIds: readonly string[];
}
interface Checked {
  ok: true;
  identity: SamlIdentity;
  requestId?: string;
}

/** Every check that needs no write. */
async function check(posted: Posted): Promise<Checked | SamlRefused> {
  const { publicUrl, connection } = posted;
  const now = Date.now();
  if (connection.status !== "enabled") return refused("connection_disabled");
  const certificates = liveCertificates(connection.certificates, now).map(({ pem }) => pem);
  if (certificates.length === 0) return refused("certificate_expired");
  const read = readResponse(posted.field, connection);
  if (!read.ok) return read;
  const request = answeredByBrowser(posted, read, now);
  if (!request.ok) return request;
  const expected: Expectation = {
    issuer: connection.entityId, acsUrl: acsUrl(publicUrl, connection.id), audience: spEntityId(publicUrl, connection.id),
    authnContextClassRefs: connection.authnContextClassRefs ?? [], now, ...(request.requestId !== undefined && { requestId: request.requestId }),
  };
  const signed = await verify(posted, read, certificates, request.requestId);
  // What is said of a response that is not authentic decides nothing; it only tells an administrator what to look at.
  if (!signed) return refused(responseFault(read.response, expected) ?? assertionFault(read.assertion, expected) ?? "signature_invalid");
  const fault = responseFault(read.response, expected) ?? assertionFault(signed, expected);
  if (fault) return refused(fault);
  const named = readIdentity(signed, connection);
  return named.ok ? { ...named, ...(request.requestId !== undefined && { requestId: request.requestId }) } : refused(named.code);
}

/** The request must be this browser's, made here for this connection, and not too old. */
function answeredByBrowser({ store, connection, expectedRequestIds }: Posted, { response, assertion }: ReadResponse, now: number): { ok: true; requestId?: string } | SamlRefused {
  const answered = answeredRequest(response, assertion);
  if (!answered) return refused("request_unknown");
  const { requestId } = answered;
  if (requestId === undefined) return connection.idpInitiated ? { ok: true } : refused("unsolicited");
  const at = expectedRequestIds.includes(requestId) ? requestedAt(store, connection.id, requestId) : undefined;
  if (!at) return refused("request_unknown");
  return now - at.getTime() <= REQUEST_LIFE_MS ? { ok: true, requestId } : refused("request_expired");
}

/** The assertion as it stands in the bytes that were signed; undefined when a signature or anything else is not to the library's liking. */
async function verify({ store, publicUrl, connection }: Posted, { xml, assertion }: ReadResponse, certificates: string[], requestId: string | undefined): Promise<Element | undefined> {
  const library = samlLibrary({
    connection, publicUrl, certificates,
    ...(requestId !== undefined && { requestedAt: (id: string) => (id === requestId ? (requestedAt(store, connection.id, id)?.toISOString() ?? null) : null) }),
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

/** False when the request was answered or the assertion used before. */
async function useUp(store: Pick<Store, "samlUses">, connection: SamlConnection, { identity, requestId }: Checked): Promise<boolean> {
  const now = Date.now();
  if (requestId !== undefined && !(await store.samlUses.use(`request/${requestId}`, new Date(now + 2 * REQUEST_LIFE_MS)))) return false;
  // The id is anybody's text: hashed, it is short and cannot be another connection's.
  const assertionId = createHash("sha256").update(identity.assertionId).digest("hex");
  return store.samlUses.use(`assertion/${connection.id}/${assertionId}`, new Date(now + REMEMBER_ASSERTION_MS + CLOCK_SKEW_MS));
}
