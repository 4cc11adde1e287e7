/** Log-in by SAML: to the identity provider, and back with its response. */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import { readBody } from "../http/body.js";
import { sessionTokenOf, setSessionCookie } from "../http/cookies.js";
import type { ApiSettings } from "../settings.js";
import type { ApiDependencies } from "../dependencies.js";
import { refuse, type Refusal } from "../http/errors.js";
import { chooserPage } from "../pages/login.js";
import { sendOn, sendPage, sendSeeOther } from "../pages/page.js";
import { answerRefusal, type PageRefusal } from "../pages/refused.js";
import { formerSessionCookie, formerSessionOf } from "./former-session.js";
import {
  endPendingLogin,
  newLoginKey,
  type PendingLogin,
  pendingLoginCookies,
  pendingLogins,
} from "./pending-logins.js";
import type { RequestContext, Route, RoutedRequest } from "../route.js";
import { connectionId, loginQuery } from "./schemas.js";
import { CHOOSER_HEADERS } from "../http/security-headers.js";
import { parseQuery, validate } from "../http/validate.js";

const RESPONSE_LIMIT_BYTES = 256 * 1024;
const DEFAULT_RETURN = "/account";
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Browsers keep the cookies of a log-in only when it goes by https; loopback counts as safe, for a trial. */
function refuseInsecure({ publicUrl, production }: ApiSettings): Refusal | undefined {
  const { protocol, hostname } = new URL(publicUrl);
  return protocol === "https:" || (!production && LOOPBACK.has(hostname)) ? undefined : refuse("login_needs_https");
}

/**
 * The same path under the public address, for a trial that was opened as localhost instead of 127.0.0.1: cookies do not
 * pass from one to the other.
 */
function properAddress({ headers, url }: IncomingMessage, { publicUrl }: ApiSettings): string | undefined {
  const { hostname, host } = new URL(publicUrl);
  const asked = headers.host ?? host;
  return asked !== host && LOOPBACK.has(hostname) && LOOPBACK.has(asked.replace(/:\d+$/, ""))
    ? `${publicUrl}${url}`
    : undefined;
}

/** Another site's page may lead a person here, but not fetch or frame the log-in. */
const isEmbedded = ({ headers }: IncomingMessage): boolean =>
  (headers["sec-fetch-mode"] ?? "navigate") !== "navigate" || (headers["sec-fetch-dest"] ?? "document") !== "document";

type Chosen = { connection: SamlConnection } | { ask: true; unknown: boolean } | Refusal;

/**
 * By id or by name; where one connection is all there is, it needs no naming. Names can be guessed, so wrong ones are
 * counted; ids cannot.
 */
async function choose(
  { store, loginLimits }: ApiDependencies,
  asked: string | undefined,
  address: string,
): Promise<Chosen> {
  const named = connectionId.safeParse(asked).success ? await store.samlConnections.get(String(asked)) : undefined;
  if (named?.status === "enabled") return { connection: named };
  const refusal = asked === undefined ? undefined : await loginLimits.name(address);
  if (refusal) return refusal;
  const enabled = (await allConnections(store)).filter(({ status }) => status === "enabled");
  const [only] = enabled;
  if (!only) return refuse("connection_unknown", "No company's identity provider is connected yet.");
  if (asked === undefined) return enabled.length === 1 ? { connection: only } : { ask: true, unknown: false };
  const name = asked.trim().toLowerCase();
  const connection = enabled.find((each) => each.name.toLowerCase() === name);
  if (!connection) await loginLimits.wrongName(address);
  return connection ? { connection } : { ask: true, unknown: true };
}

/** Anybody may ask, so all who ask at the same time share one look into the store. */
const looks = new WeakMap<ApiDependencies["store"], Promise<SamlConnection[]>>();

function allConnections(store: ApiDependencies["store"]): Promise<SamlConnection[]> {
  const underWay = looks.get(store);
  if (underWay) return underWay;
  const found = store.samlConnections.all().finally(() => looks.delete(store));
  looks.set(store, found);
  return found;
}

/**
 * What the route was posted: two fields of a form, each once. Others are ignored, as some identity providers add their
 * own.
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

/**
 * Everything between the posted form and the new session, the cheap before the dear: the limit, the browser's cookie,
 * the connection, then the body, and the document in it last. Beyond the limit a browser that began a log-in here is
 * still heard, so that nobody locks others out.
 */
async function arrive({ dependencies }: RequestContext, request: RoutedRequest): Promise<Arrival | PageRefusal> {
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
  // The RelayState only says which of the browser's log-ins this was; what it asked for stands in the sealed cookie.
  const login = pending.find(({ key }) => key === form.RelayState);
  const opened = await sessions.open({
    connection,
    identity: answer.identity,
    previous: await sessionsBefore(dependencies, request, login),
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

/**
 * The sessions of this browser, by all that it may bring along: the post comes from another site, where the session's
 * own cookie stays at home.
 */
async function sessionsBefore(
  { store, sessions }: ApiDependencies,
  request: IncomingMessage,
  login: PendingLogin | undefined,
): Promise<string[]> {
  const token = sessionTokenOf(request);
  const former = await formerSessionOf(store.keyring, request);
  return [token === undefined ? undefined : sessions.idOf(token), login?.previous, former].filter(
    (id) => id !== undefined,
  );
}

const BUSY_SECONDS = 5;

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
 * On record: one by one while they are few; what many addresses send together only by number. What the limit refuses
 * never comes this far.
 */
async function refused(
  { store, auditTally, sessions }: ApiDependencies,
  { connection, actor, refusal, status }: RefusedLogin,
): Promise<PageRefusal> {
  const code = refusal.reference ?? refusal.refused;
  const entry = { actor, action: "session.refuse", subject: connection.id };
  if (sessions.isFewRefusals())
    await store.audit.append({ ...entry, detail: { code, ...(status !== undefined && { status }) } });
  else await auditTally.record({ ...entry, counts: {}, names: { codes: [code] } });
  return refusal;
}

export const loginRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/saml/login",
    operationId: "logIn",
    tag: "People",
    act: "public",
    page: "/saml/login",
    summary: "Log in",
    description:
      "For browsers: leads to the identity provider (303), or asks for the connection where there are several.",
    query: loginQuery,
    responseType: "text/html",
    response: { status: 200, description: "A page that asks for the connection", schema: z.string() },
    problems: ["connection_unknown", "cross_site_request", "login_needs_https", "too_many_wrong_keys", "unavailable"],
    async serve({ dependencies }, request, response) {
      const { store, settings, serviceProvider, sessions, clock = Date.now } = dependencies;
      const query = parseQuery(request.url ?? "");
      const checked = query.ok ? validate(loginQuery, query.value, "query") : query;
      if (!checked.ok) return answerRefusal(request, response, checked.refusal);
      const refusal = refuseInsecure(settings) ?? (isEmbedded(request) ? refuse("cross_site_request") : undefined);
      if (refusal) return answerRefusal(request, response, refusal);
      const proper = properAddress(request, settings);
      if (proper !== undefined) return sendSeeOther(response, proper);
      const { connection: asked, returnTo } = checked.value;
      const address = dependencies.clientAddress(request);
      const chosen = (await dependencies.loginLimits.begin(address)) ?? (await choose(dependencies, asked, address));
      if ("refused" in chosen) return answerRefusal(request, response, chosen);
      if ("ask" in chosen) {
        return sendPage(
          response,
          chosen.unknown ? 404 : 200,
          chooserPage({ returnTo, unknown: chosen.unknown, trialConnectionId: settings.trialConnectionId }),
          CHOOSER_HEADERS,
        );
      }
      const key = newLoginKey();
      const { requestId, ...sending } = await serviceProvider.begin(chosen.connection, key);
      const token = sessionTokenOf(request);
      const login = {
        key,
        requestId,
        connectionId: chosen.connection.id,
        returnTo: returnTo ?? DEFAULT_RETURN,
        at: clock(),
        ...(token !== undefined && { previous: sessions.idOf(token) }),
      };
      const cookies = await pendingLoginCookies(store.keyring, request, login);
      if (sending.fields) sendOn(response, sending, "Log in", cookies);
      else sendSeeOther(response, sending.url, cookies);
    },
  },
  {
    method: "post",
    path: "/saml/acs/{connectionId}",
    operationId: "takeSamlResponse",
    tag: "People",
    act: "public",
    page: "/saml/login",
    summary: "Take an identity provider's response",
    description:
      "The assertion consumer service of a connection: HTTP-POST binding only. Opens a session and " +
      "leads to where the log-in began.",
    params: z.strictObject({ connectionId }),
    unknownPath: "connection_unknown",
    requestType: "application/x-www-form-urlencoded",
    response: { status: 303, description: "Logged in" },
    problems: [
      "connection_unknown",
      "saml_refused",
      "no_role",
      "login_needs_https",
      "unsupported_media_type",
      "payload_too_large",
      "content_encoding_unsupported",
      "too_many_wrong_keys",
      "unavailable",
    ],
    async serve(context, request, response) {
      const arrival = await arrive(context, request);
      if ("refused" in arrival) return answerRefusal(request, response, arrival);
      sendSeeOther(response, arrival.returnTo, arrival.cookies);
    },
  },
];
