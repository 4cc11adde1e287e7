/**
 * Single logout with an identity provider (SAML 2.0 profiles, 4.4). A session ends here before the provider hears of
 * it. So nothing here depends on the provider. Its answer only decides what the person reads.
 */
import { createHash } from "node:crypto";
import type { LogoutEndpoint, SamlConnection } from "../../store/collections/saml-connections.js";
import type { SessionIdentity } from "../../store/collections/sessions.js";
import type { Store } from "../../store/store.js";
import { sloUrl, spEntityId } from "./addresses.js";
import { CLOCK_SKEW_MS, instantOf, issuerOf } from "./response/assertion.js";
import { type OutgoingMessage, type Sending, sendingOf } from "./bindings.js";
import { liveCertificates } from "./certificates.js";
import { nameIdIn } from "./response/identity.js";
import { type IncomingLogout, logoutRequestXml, logoutResponseXml, readLogout } from "./logout-messages.js";
import { refused, type SamlRefusal, type SamlRefused } from "./refusals.js";
import { newRequestId, requestedAt } from "./request-id.js";
import { PROTOCOL } from "./response/response.js";
import { signingSpKey, withSpKey } from "./sp-keys.js";
import { attributeOf, childrenOf, onlyChild, textOf } from "./xml.js";

/** The identity provider wants sessions ended. */
export interface LogoutAsked {
  ok: true;
  kind: "request";
  id: string;
  nameId: string;
  /** Absent means every session of the person. */
  sessionIndexes?: readonly string[];
}
/** It answers a request of this service. With `confirmed` the person is logged out there and everywhere else. */
export interface LogoutAnswered {
  ok: true;
  kind: "response";
  confirmed: boolean;
}

export interface SingleLogout {
  /**
   * How the browser gets to the identity provider with a signed LogoutRequest. Undefined when the provider takes none.
   * @throws StoreError `unavailable`
   */
  beginLogout(connection: SamlConnection, identity: SessionIdentity): Promise<Sending | undefined>;
  /** What the identity provider sent. A request counts once. @throws StoreError `unavailable` */
  acceptLogout(
    connection: SamlConnection,
    incoming: IncomingLogout,
  ): Promise<LogoutAsked | LogoutAnswered | SamlRefused>;
  /**
   * How the browser gets back with a signed LogoutResponse that confirms the log-out. Undefined when the provider takes
   * none.
   * @throws StoreError `unavailable`
   */
  answerLogout(
    connection: SamlConnection,
    asked: { id: string; binding: IncomingLogout["binding"]; relayState?: string },
  ): Promise<Sending | undefined>;
}

type Stores = Pick<Store, "blindIndex" | "samlUses" | "samlConnections" | "audit">;

/** The longest life of a message, whatever it claims. A message without an end is valid for five minutes. */
const MAX_AGE_MS = 30 * 60_000;
const USUAL_AGE_MS = 5 * 60_000;
/** A request is remembered for longer than it is accepted. The rest is a margin for clocks that are set back. */
const REMEMBER_MS = 2 * MAX_AGE_MS;
const SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success";
const MAX_SESSION_INDEXES = 100;
/** Ids of logouts are no ids of log-ins. */
const purposeOf = (connection: SamlConnection): string => `${connection.id}/logout`;

export function createSingleLogout({ store, publicUrl }: { store: Stores; publicUrl: string }): SingleLogout {
  /** Both kinds of message are always signed. The profile asks for it, whatever the connection says about log-ins. */
  async function signed(
    connection: SamlConnection,
    message: Omit<OutgoingMessage, "key">,
  ): Promise<Sending | undefined> {
    const key = signingSpKey((await withSpKey(store, connection))?.keys, new Date());
    return key && sendingOf({ ...message, key });
  }
  return {
    async beginLogout(connection, identity) {
      const to = endpointOf(connection, "redirect");
      if (!to || connection.status !== "enabled") return undefined;
      const parts = {
        id: newRequestId(store, purposeOf(connection)),
        issuer: spEntityId(publicUrl, connection.id),
        destination: to.url,
        now: new Date(),
      };
      return signed(connection, {
        kind: "SAMLRequest",
        xml: logoutRequestXml(parts, identity),
        destination: to.url,
        binding: to.binding,
      });
    },
    async acceptLogout(connection, incoming) {
      const now = Date.now();
      if (connection.status !== "enabled") return refused("connection_disabled");
      const certificates = liveCertificates(connection.certificates, now).map(({ pem }) => pem);
      if (certificates.length === 0) return refused("certificate_expired");
      const read = await readLogout(incoming, certificates);
      if (!read.ok) return read;
      const fault = messageFault(read.message, {
        issuer: connection.entityId,
        destination: sloUrl(publicUrl, connection.id),
        now,
      });
      if (fault) return refused(fault);
      return incoming.kind === "SAMLResponse"
        ? answered(store, connection, read.message)
        : asked(store, connection, read.message);
    },
    async answerLogout(connection, { id, binding, relayState }) {
      const to = endpointOf(connection, binding);
      if (!to) return undefined;
      const destination = to.responseUrl ?? to.url;
      const xml = logoutResponseXml({ issuer: spEntityId(publicUrl, connection.id), destination, now: new Date() }, id);
      return signed(connection, {
        kind: "SAMLResponse",
        xml,
        destination,
        binding: to.binding,
        ...(relayState !== undefined && { relayState }),
      });
    },
  };
}

/** By the binding that is preferred, else by the other one. */
function endpointOf(
  { slo }: SamlConnection,
  preferred: "redirect" | "post",
): (LogoutEndpoint & { binding: "redirect" | "post" }) | undefined {
  const binding = slo?.[preferred] ? preferred : preferred === "redirect" ? "post" : "redirect";
  const endpoint = slo?.[binding];
  return endpoint && { ...endpoint, binding };
}

/** What both kinds of message must say. A signed message must have a Destination (bindings, 3.4.5.2 and 3.5.5.2). */
function messageFault(
  message: Element,
  { issuer, destination, now }: { issuer: string; destination: string; now: number },
): SamlRefusal | undefined {
  const id = attributeOf(message, "ID") ?? "";
  if (attributeOf(message, "Version") !== "2.0" || id === "" || id.length > 256) return "logout_refused";
  if (attributeOf(message, "Destination") !== destination) return "destination_mismatch";
  if (issuerOf(message) !== issuer) return "issuer_mismatch";
  const issued = instantOf(message, "IssueInstant") ?? Number.NaN;
  const until = instantOf(message, "NotOnOrAfter") ?? issued + USUAL_AGE_MS;
  if (Number.isNaN(issued) || Number.isNaN(until)) return "logout_refused";
  if (issued > now + CLOCK_SKEW_MS) return "not_yet_valid";
  return Math.min(until, issued + MAX_AGE_MS) <= now - CLOCK_SKEW_MS ? "expired" : undefined;
}

async function asked(store: Stores, connection: SamlConnection, message: Element): Promise<LogoutAsked | SamlRefused> {
  const named = nameIdIn(message);
  if (!named) return refused("name_id_refused");
  const indexes = childrenOf(message, PROTOCOL, "SessionIndex").map((each) => textOf(each)?.trim() ?? "");
  if (indexes.length > MAX_SESSION_INDEXES) return refused("logout_refused");
  const id = attributeOf(message, "ID") ?? "";
  const use = `logout/${connection.id}/${createHash("sha256").update(id).digest("hex")}`;
  if (!(await store.samlUses.use(use, new Date(Date.now() + REMEMBER_MS + CLOCK_SKEW_MS)))) return refused("replayed");
  return {
    ok: true,
    kind: "request",
    id,
    nameId: named.nameId,
    ...(indexes.length > 0 && { sessionIndexes: indexes }),
  };
}

function answered(
  store: Pick<Store, "blindIndex">,
  connection: SamlConnection,
  message: Element,
): LogoutAnswered | SamlRefused {
  if (!requestedAt(store, purposeOf(connection), attributeOf(message, "InResponseTo") ?? ""))
    return refused("request_unknown");
  const status = onlyChild(message, PROTOCOL, "Status");
  const code = status && onlyChild(status, PROTOCOL, "StatusCode");
  // A second-level code, such as PartialLogout, says that somewhere a session goes on (core, 3.7.3.2).
  return {
    ok: true,
    kind: "response",
    confirmed: code !== undefined && attributeOf(code, "Value") === SUCCESS && childrenOf(code).length === 0,
  };
}
