/**
 * Single logout: the messages that an identity provider sends here through the browser, and the log-out requests sent
 * to it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { recordedAct } from "../../../store/audit/acts.js";
import type { SamlConnection } from "../../../store/collections/saml-connections.js";
import { readBody } from "../../http/body.js";
import type { ApiDependencies } from "../../dependencies.js";
import { refuse, type Refusal } from "../../http/errors.js";
import { loggedOutPage } from "../../pages/login.js";
import { sendOn, sendPage } from "../../pages/page.js";
import { answerRefusal, type PageRefusal } from "../../pages/refused.js";
import type { RequestContext, ApiRoute, RoutedRequest } from "../../route.js";
import { type IncomingLogout, MAX_LOGOUT_CHARACTERS } from "../logout-messages.js";
import type { LogoutAsked } from "../single-logout.js";
import { connectionId } from "./schemas.js";
import type { PersonalSession } from "../../access/actor.js";
import { parseQuery } from "../../http/validate.js";

/** A message in base64, percent-encoded, and what goes with it. */
const BODY_LIMIT_BYTES = 2 * MAX_LOGOUT_CHARACTERS;
const MAX_RELAY_STATE = 1_024;

/**
 * Sends the browser to the identity provider with a LogoutRequest for the session that was just ended here. False when
 * the provider takes no LogoutRequest, or when none can be made now. The log-out here has been done in any case.
 */
export async function leadToProvider(
  { dependencies }: RequestContext<"store" | "log" | "serviceProvider">,
  response: ServerResponse,
  { session, cookies }: { session: PersonalSession; cookies: readonly string[] },
): Promise<boolean> {
  const { store, serviceProvider, log } = dependencies;
  try {
    const connection = await store.samlConnections.get(session.connection.id);
    const sending = connection && (await serviceProvider.beginLogout(connection, session.identity));
    if (!sending) return false;
    sendOn(response, sending, "Logged out here", cookies);
    return true;
  } catch (error) {
    log.warn({ err: error, connection: session.connection.id }, "the identity provider could not be told of a log-out");
    return false;
  }
}

type Given = { incoming: IncomingLogout; relayState?: string } | Refusal;

/** The query of HTTP-Redirect exactly as it was sent, because the signature covers its encoding. */
function fromQuery(request: IncomingMessage): Given {
  const target = request.url ?? "";
  if (target.length > BODY_LIMIT_BYTES) return refuse("invalid_request", "The message is too long for an address.");
  const query = parseQuery(target);
  if (!query.ok) return query.refusal;
  const { SigAlg, Signature } = query.value;
  return messageOf(query.value, (kind, message) => ({
    binding: "redirect",
    kind,
    message,
    query: target.slice(target.indexOf("?") + 1),
    ...(SigAlg !== undefined && { sigAlg: SigAlg }),
    ...(Signature !== undefined && { signature: Signature }),
  }));
}

async function fromForm(request: RoutedRequest): Promise<Given> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? ""))
    return refuse("unsupported_media_type", "A SAML message comes as application/x-www-form-urlencoded.");
  const body = await readBody(request, BODY_LIMIT_BYTES);
  if (!body.ok) return body.refusal;
  const form = parseQuery(`?${body.bytes.toString("latin1")}`);
  if (!form.ok)
    return refuse("invalid_request", "The form is not as a browser sends it: each field once, percent-encoded.");
  return messageOf(form.value, (kind, message) => ({ binding: "post", kind, message }));
}

function messageOf(
  fields: Readonly<Record<string, string>>,
  incoming: (kind: IncomingLogout["kind"], message: string) => IncomingLogout,
): Given {
  const { SAMLRequest, SAMLResponse, RelayState } = fields;
  if ((SAMLRequest === undefined) === (SAMLResponse === undefined))
    return refuse("invalid_request", "Exactly one message is needed: SAMLRequest or SAMLResponse.");
  if ((RelayState?.length ?? 0) > MAX_RELAY_STATE) return refuse("invalid_request", "The RelayState is too long.");
  const read =
    SAMLRequest === undefined ? incoming("SAMLResponse", SAMLResponse ?? "") : incoming("SAMLRequest", SAMLRequest);
  return { incoming: read, ...(RelayState !== undefined && { relayState: RelayState }) };
}

/**
 * Ends the sessions that the identity provider names, and says so in the audit. Those that do not know their index
 * there are ended too.
 */
async function endSessions(
  { store, sessions }: Pick<ApiDependencies, "store" | "sessions">,
  connection: SamlConnection,
  { nameId, sessionIndexes }: LogoutAsked,
): Promise<void> {
  const personId = store.people.idOf(connection.id, nameId);
  const actor = `person:${personId}`;
  await recordedAct(
    store.audit,
    { actor, subject: personId, operation: "singleLogout", write: "sessions.delete" },
    async () => {
      const ended = await sessions.endAllOf(personId, sessionIndexes);
      return {
        action: "session.single_logout",
        subject: personId,
        detail: { connection: connection.id, sessions: ended },
      };
    },
  );
}

/** Cheap checks come before expensive ones: first the limit, then the connection, then the message. */
async function arrive(
  {
    dependencies,
  }: RequestContext<"loginLimits" | "store" | "clientAddress" | "auditTally" | "sessions" | "serviceProvider">,
  request: RoutedRequest,
  response: ServerResponse,
): Promise<PageRefusal | undefined> {
  const { store, serviceProvider, loginLimits, clientAddress } = dependencies;
  const limited = await loginLimits.post(clientAddress(request));
  if (limited) return limited;
  const connection = await store.samlConnections.get(String(request.params?.["connectionId"]));
  if (!connection) return refuse("connection_unknown");
  const given = request.method === "POST" ? await fromForm(request) : fromQuery(request);
  if ("refused" in given) return given;
  const message = await serviceProvider.acceptLogout(connection, given.incoming);
  if (!message.ok)
    return refusedOn(dependencies, connection, { ...refuse("saml_refused", message.detail), reference: message.code });
  await loginLimits.succeeded(clientAddress(request));
  if (message.kind === "response") {
    sendPage(response, 200, loggedOutPage(message.confirmed ? "everywhere" : "partly"));
    return undefined;
  }
  await endSessions(dependencies, connection, message);
  const answer = await serviceProvider.answerLogout(connection, {
    id: message.id,
    binding: given.incoming.binding,
    ...(given.relayState !== undefined && { relayState: given.relayState }),
  });
  if (answer) sendOn(response, answer, "Logged out here");
  else sendPage(response, 200, loggedOutPage("here"));
  return undefined;
}

/** Refused log-outs are recorded like refused log-ins: one by one while they are few. */
async function refusedOn(
  { store, sessions, auditTally }: Pick<ApiDependencies, "store" | "auditTally" | "sessions">,
  connection: SamlConnection,
  refusal: PageRefusal & { reference: string },
): Promise<PageRefusal> {
  const entry = { actor: "anybody", action: "session.logout_refuse", subject: connection.id };
  if (sessions.isFewRefusals()) await store.audit.append({ ...entry, detail: { code: refusal.reference } });
  else await auditTally.record({ ...entry, counts: {}, names: { codes: [refusal.reference] } });
  return refusal;
}

const shared = {
  path: "/saml/slo/{connectionId}",
  tag: "People",
  act: "public",
  page: "/logged-out",
  params: z.strictObject({ connectionId }),
  unknownPath: "connection_unknown",
  responseType: "text/html",
  response: {
    status: 200,
    description: "A page that tells how it went, or takes the answer on to the identity provider",
    schema: z.string(),
  },
  problems: ["connection_unknown", "saml_refused", "too_many_wrong_keys", "unavailable", "invalid_request"],
  async serve(
    context: RequestContext<"loginLimits" | "store" | "clientAddress" | "auditTally" | "sessions" | "serviceProvider">,
    request: RoutedRequest,
    response: ServerResponse,
  ): Promise<void> {
    const refusal = await arrive(context, request, response);
    if (refusal) answerRefusal(request, response, refusal);
  },
} as const;

const DESCRIPTION =
  "The single logout service of a connection. A LogoutRequest that the identity provider " +
  "has signed ends the sessions here that it names, and is answered. A LogoutResponse answers " +
  "a log-out that began here.";

export const singleLogoutRoutes: readonly ApiRoute[] = [
  {
    ...shared,
    method: "get",
    operationId: "takeLogoutByRedirect",
    summary: "Take a message of single logout by HTTP-Redirect",
    description: DESCRIPTION,
    anyQuery: true,
  },
  {
    ...shared,
    method: "post",
    operationId: "takeLogoutByPost",
    summary: "Take a message of single logout by HTTP-POST",
    description: DESCRIPTION,
    requestType: "application/x-www-form-urlencoded",
    problems: [...shared.problems, "unsupported_media_type", "payload_too_large", "content_encoding_unsupported"],
  },
];
