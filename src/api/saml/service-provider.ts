/** The SAML 2.0 service provider: sends people to their company's identity provider, and decides who comes back. */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { Store } from "../../store/store.js";
import { CLOCK_SKEW_MS, MAX_ASSERTION_AGE_MS } from "./response/assertion.js";
import { type OutgoingMessage, type Sending, sendingOf } from "./bindings.js";
import { liveCertificates } from "./certificates.js";
import type { CheckedResponse } from "./response/check-response.js";
import type { SamlIdentity } from "./response/identity.js";
import { samlLibrary } from "./library.js";
import { refused, type SamlRefused } from "./refusals.js";
import { newRequestId, REQUEST_LIFE_MS, requestedAt } from "./request-id.js";
import { decodeResponse } from "./response/response.js";
import { type ResponseChecks, sharedResponseChecks } from "./response/response-checks.js";
import { createSingleLogout, type SingleLogout } from "./single-logout.js";
import { signingSpKey, withSpKey } from "./sp-keys.js";

export type { SamlIdentity } from "./response/identity.js";
export type { SamlRefusal } from "./refusals.js";

export interface ServiceProvider extends SingleLogout {
  /**
   * The way to the identity provider: by a redirect, or with `fields` by a form, signed where the connection says so.
   * The response must answer `requestId` within ten minutes; bind it to the browser by a pre-login cookie. `relayState`
   * is an opaque key of at most 80 bytes (SAML bindings, 3.4.3). @throws StoreError `unavailable` when the connection's
   * first key pair is needed and cannot be kept
   */
  begin(connection: SamlConnection, relayState: string): Promise<Sending & { requestId: string }>;
  /**
   * Checks a response posted to the connection's ACS. Uses up the request and the assertion: of many posts of one
   * response, at once and over all processes, one is accepted. `expectedRequestIds` come from the browser's pre-login
   * cookies: two tabs may log in at once.
   * @throws StoreError `unavailable`; whatever was posted is answered by a code
   */
  accept(
    connection: SamlConnection,
    form: { SAMLResponse: string; RelayState?: string },
    expectedRequestIds: readonly string[],
  ): Promise<{ ok: true; identity: SamlIdentity } | SamlRefused>;
}

export interface ServiceProviderDependencies {
  store: Pick<Store, "blindIndex" | "samlUses" | "samlConnections" | "audit">;
  /** Without a slash at the end. */
  publicUrl: string;
  log?: Pick<Logger, "info">;
  /** By how much clocks may differ, seconds; a connection may say otherwise. */
  clockSkewSeconds?: number;
  /** The threads that check responses; the process's own when absent. */
  checks?: ResponseChecks;
}

const MAX_RELAY_STATE_BYTES = 80;
/** Ten times what a check takes on an idle machine. */
const UNDECRYPTED_MS = 500;
/**
 * An assertion is accepted for five minutes and twice the skew, which is five at most; the rest is for clocks that are
 * set back.
 */
const REMEMBER_ASSERTION_MS = 12 * MAX_ASSERTION_AGE_MS;

/** The service provider of one process. */
export function createServiceProvider({
  store,
  publicUrl,
  log,
  clockSkewSeconds = CLOCK_SKEW_MS / 1_000,
  checks = sharedResponseChecks(),
}: ServiceProviderDependencies): ServiceProvider {
  /** What costs little comes first; the document itself is read in a thread. */
  async function check(
    connection: SamlConnection,
    field: unknown,
    expectedRequestIds: readonly string[],
  ): Promise<CheckedResponse | SamlRefused> {
    const now = Date.now();
    if (connection.status !== "enabled") return refused("connection_disabled");
    if (liveCertificates(connection.certificates, now).length === 0) return refused("certificate_expired");
    const xml = decodeResponse(field);
    if (typeof xml !== "string") return xml;
    const requests = expectedRequestIds.flatMap((id) => {
      const at = requestedAt(store, connection.id, id);
      return at ? [{ id, at: at.getTime() }] : [];
    });
    // A browser that asked for nothing gets nothing, whatever it posts: the text alone tells an administrator which of
    // the two it was.
    if (requests.length === 0 && !connection.idpInitiated)
      return refused(xml.includes("InResponseTo") ? "request_unknown" : "unsolicited");
    return checks.check({
      publicUrl,
      connection,
      xml,
      requests,
      now,
      skewMs: 1_000 * (connection.clockSkewSeconds ?? clockSkewSeconds),
    });
  }
  /**
   * What could not be decrypted is answered after the same time, wherever it failed: the rest of an oracle would be in
   * the time.
   */
  async function checkEvenly(...what: Parameters<typeof check>): ReturnType<typeof check> {
    const due = Date.now() + UNDECRYPTED_MS;
    const checked = await check(...what);
    if (!checked.ok && checked.code === "decryption_failed") await delay(Math.max(0, due - Date.now()));
    return checked;
  }
  const refusedFor = (connection: SamlConnection, refusal: SamlRefused): SamlRefused => {
    log?.info(
      {
        connection: connection.id,
        code: refusal.code,
        ...(refusal.status !== undefined && { status: refusal.status }),
      },
      "a SAML response was refused",
    );
    return refusal;
  };
  return {
    ...createSingleLogout({ store, publicUrl }),
    async begin(connection, relayState) {
      if (Buffer.byteLength(relayState) > MAX_RELAY_STATE_BYTES)
        throw new RangeError(`RelayState may have ${MAX_RELAY_STATE_BYTES} bytes.`);
      const requestId = newRequestId(store, connection.id);
      const library = samlLibrary({
        connection,
        publicUrl,
        certificates: connection.certificates.map(({ pem }) => pem),
        requestId,
      });
      const { SAMLRequest } = await library.getAuthorizeMessageAsync("");
      const key = connection.signRequests
        ? signingSpKey((await withSpKey(store, connection))?.keys, new Date())
        : undefined;
      const sending = await sendingOf({
        kind: "SAMLRequest",
        xml: Buffer.from(String(SAMLRequest), "base64").toString("utf8"),
        ...ssoOf(connection),
        relayState,
        ...(key && { key }),
      });
      return { ...sending, requestId };
    },
    async accept(connection, form, expectedRequestIds) {
      const checked = await checkEvenly(connection, form.SAMLResponse, expectedRequestIds);
      if (!checked.ok) return refusedFor(connection, checked);
      const fresh = await useUp(store, connection, checked);
      return fresh ? { ok: true, identity: checked.identity } : refusedFor(connection, refused("replayed"));
    },
  };
}

/** By a redirect where it takes one, which needs no script and no page between. */
const ssoOf = ({ ssoUrl, ssoPostUrl }: SamlConnection): Pick<OutgoingMessage, "destination" | "binding"> =>
  ssoUrl === undefined && ssoPostUrl !== undefined
    ? { destination: ssoPostUrl, binding: "post" }
    : { destination: ssoUrl ?? "", binding: "redirect" };

/** False when the request was answered or the assertion used before. */
async function useUp(
  store: Pick<Store, "samlUses">,
  connection: SamlConnection,
  { identity, requestId }: CheckedResponse,
): Promise<boolean> {
  const now = Date.now();
  if (
    requestId !== undefined &&
    !(await store.samlUses.use(`request/${requestId}`, new Date(now + 2 * REQUEST_LIFE_MS)))
  )
    return false;
  // The id is anybody's text: hashed, it is short and cannot be another connection's.
  const assertionId = createHash("sha256").update(identity.assertionId).digest("hex");
  return store.samlUses.use(`assertion/${connection.id}/${assertionId}`, new Date(now + REMEMBER_ASSERTION_MS));
}
