/** The way from a posted SAML response to a new session. */
import type { IncomingMessage } from "node:http";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { SessionOrigin } from "../../store/collections/sessions.js";
import { readBody } from "../http/body.js";
import { sessionTokenOf, setSessionCookie } from "../http/cookies.js";
import type { ApiDependencies } from "../dependencies.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { PageRefusal } from "../pages/refused.js";
import { formerSessionCookie, formerSessionOf } from "./former-session.js";
import { DEFAULT_RETURN, endPendingLogin, type PendingLogin, pendingLogins } from "./pending-logins.js";
import type { RequestContext, RoutedRequest } from "../route.js";
import { parseQuery } from "../http/validate.js";
import { refuseInsecure } from "./browser-address.js";

const RESPONSE_LIMIT_BYTES = 256 * 1024;
const BUSY_SECONDS = 5;

/**
 * The two fields of the posted form, each given once. Other fields are ignored, because some identity providers add
 * their own.
 */
async function readForm(request: RoutedRequest): Promise<{ SAMLResponse: string; RelayState?: string } | Refusal> {
  if (
    !/^application\/x-www-form-urlencoded[ \t]*(;[ \t]*charset=("utf-8"|utf-8)[ \t]*)?$/i.test(
      request.headers["content-type"] ?? "",
    )
  ) {
    return refuse("unsupported_media_type", "A SAML response comes as application/x-www-form-urlencoded.");
  }
  const body = await readBody(request, RESPONSE_LIMIT_BYTES);
  if (!body.ok) return body.refusal;
  const form = parseQuery(`?${body.bytes.toString("latin1")}`);
  if (!form.ok)
    return refuse("invalid_request", "The form is not as a browser sends it: each field once, percent-encoded.");
  const { SAMLResponse, RelayState } = form.value;
  if (SAMLResponse === undefined) return refuse("invalid_request", "The form has no SAMLResponse.");
  return { SAMLResponse, ...(RelayState !== undefined && { RelayState }) };
}

interface Arrival {
  returnTo: string;
  cookies: string[];
}

export type ArrivalContext = RequestContext<
  "loginLimits" | "store" | "clientAddress" | "auditTally" | "settings" | "sessions" | "serviceProvider" | "clock"
>;

/**
 * Everything between the posted form and the new session. Cheap checks come before expensive ones: first the limit,
 * then the browser's cookie, the connection, the body, and at last the document in it. A browser that began a log-in
 * here is still heard beyond the limit, so that attackers cannot lock others out.
 */
export async function arrive({ dependencies }: ArrivalContext, request: RoutedRequest): Promise<Arrival | PageRefusal> {
  const { store, settings, serviceProvider, sessions, loginLimits, clientAddress, clock = Date.now } = dependencies;
  const insecure = refuseInsecure(settings);
  if (insecure) return insecure;
  const asked = String(request.params?.["connectionId"]);
  const limited = await loginLimits.post(clientAddress(request));
  const pending = (await pendingLogins(store.keyring, request, clock())).filter(
    (login) => login.connectionId === asked,
  );
  if (limited && !(await mayTryOne(loginLimits, pending))) return limited;
  const connection = await store.samlConnections.get(asked);
  if (!connection) return refuse("connection_unknown");
  const form = await readForm(request);
  if ("refused" in form) return form;
  const answer = await serviceProvider.accept(
    connection,
    form,
    pending.map(({ requestId }) => requestId),
  );
  if (!answer.ok && answer.code === "busy")
    return refuse("unavailable", answer.detail, { retryAfterSeconds: BUSY_SECONDS });
  if (!answer.ok)
    return refused(dependencies, {
      connection,
      actor: "anybody",
      refusal: { ...refuse("saml_refused", answer.detail), reference: answer.code },
      status: answer.status,
    });
  // The RelayState only says which of the browser's log-ins this was. What that log-in asked for is in the sealed
  // cookie.
  const login = pending.find(({ key }) => key === form.RelayState);
  const opened = await sessions.open({
    connection,
    identity: answer.identity,
    previous: await sessionsBefore(dependencies, request, login),
    from: originOf(clientAddress(request), request.headers["user-agent"]),
    record: ({ personId, standings }) =>
      store.audit.append({
        actor: `person:${personId}`,
        action: "session.start",
        subject: personId,
        detail: { connection: connection.id, roles: standings.map(({ role }) => role) },
      }),
  });
  if ("refused" in opened) {
    return refused(dependencies, {
      connection,
      actor: `person:${store.people.idOf(connection.id, answer.identity.nameId)}`,
      refusal: opened,
    });
  }
  await loginLimits.succeeded(clientAddress(request));
  const { id, token } = opened;
  return {
    returnTo: login?.returnTo ?? DEFAULT_RETURN,
    cookies: [
      setSessionCookie(token),
      await formerSessionCookie(store.keyring, id),
      ...(login ? [endPendingLogin(login)] : []),
    ],
  };
}

/** Longer than any browser's. */
const USER_AGENT_CHARACTERS = 256;

const originOf = (address: string, userAgent: string | undefined): SessionOrigin => ({
  ...(address !== "" && { address }),
  ...(userAgent !== undefined && { userAgent: userAgent.slice(0, USER_AGENT_CHARACTERS) }),
});

/**
 * The sessions of this browser, by all cookies that it may send. The post comes from another site, so the browser does
 * not send the session's own cookie with it.
 */
async function sessionsBefore(
  { store, sessions }: Pick<ApiDependencies, "store" | "sessions">,
  request: IncomingMessage,
  login: PendingLogin | undefined,
): Promise<string[]> {
  const token = sessionTokenOf(request);
  const former = await formerSessionOf(store.keyring, request);
  return [token === undefined ? undefined : sessions.idOf(token), login?.previous, former].filter(
    (id) => id !== undefined,
  );
}

async function mayTryOne(
  loginLimits: ApiDependencies["loginLimits"],
  pending: readonly PendingLogin[],
): Promise<boolean> {
  for (const { key } of pending) if (await loginLimits.mayTry(key)) return true;
  return false;
}

interface RefusedLogin {
  connection: SamlConnection;
  actor: string;
  refusal: PageRefusal;
  /** What the identity provider reported, when that is why. */
  status?: string | undefined;
}

/**
 * Refused log-ins are recorded one by one while they are few. If many addresses send many, then only their number is
 * recorded. What the limit refuses never gets here.
 */
async function refused(
  { store, auditTally, sessions }: Pick<ApiDependencies, "store" | "auditTally" | "sessions">,
  { connection, actor, refusal, status }: RefusedLogin,
): Promise<PageRefusal> {
  const code = refusal.reference ?? refusal.refused;
  const entry = { actor, action: "session.refuse", subject: connection.id };
  if (sessions.isFewRefusals())
    await store.audit.append({ ...entry, detail: { code, ...(status !== undefined && { status }) } });
  else await auditTally.record({ ...entry, counts: {}, names: { codes: [code] } });
  return refusal;
}
