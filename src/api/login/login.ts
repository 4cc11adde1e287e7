/** Log-in by SAML: the browser is sent to the identity provider and comes back with its response. */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { sessionTokenOf } from "../http/cookies.js";
import { refuse } from "../http/errors.js";
import { chooserPage } from "../pages/login.js";
import { sendOn, sendPage, sendSeeOther } from "../pages/page.js";
import { answerRefusal } from "../pages/refused.js";
import { DEFAULT_RETURN, newLoginKey, pendingLoginCookies } from "./pending-logins.js";
import type { ApiRoute, RequestContext } from "../route.js";
import { connectionId } from "../saml/connections/schemas.js";
import { loginQuery } from "./schemas.js";
import { CHOOSER_HEADERS } from "../http/security-headers.js";
import { parseQuery, validate } from "../http/validate.js";
import { properAddress, refuseInsecure } from "./browser-address.js";
import { chooseConnection } from "./chosen-connection.js";
import { type ArrivalContext, arrive } from "./arrival.js";

/** Another site's page may lead a person here, but not fetch or frame the log-in. */
const isEmbedded = ({ headers }: IncomingMessage): boolean =>
  (headers["sec-fetch-mode"] ?? "navigate") !== "navigate" || (headers["sec-fetch-dest"] ?? "document") !== "document";

type LeaveContext = RequestContext<
  "loginLimits" | "store" | "clientAddress" | "settings" | "sessions" | "serviceProvider" | "clock"
>;

export const loginRoutes: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/saml/login",
    operationId: "logIn",
    tag: "People",
    act: "public",
    page: "/saml/login",
    summary: "Log in",
    description:
      "For browsers. It leads to the identity provider (303), or asks for the connection if " + "there are several.",
    query: loginQuery,
    responseType: "text/html",
    response: { status: 200, description: "A page that asks for the connection", schema: z.string() },
    problems: ["connection_unknown", "cross_site_request", "login_needs_https", "too_many_wrong_keys", "unavailable"],
    async serve({ dependencies }: LeaveContext, request, response) {
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
      const chosen =
        (await dependencies.loginLimits.begin(address)) ?? (await chooseConnection(dependencies, asked, address));
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
      "The assertion consumer service of a connection. It takes the HTTP-POST binding only, " +
      "opens a session and leads to where the log-in began.",
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
    async serve(context: ArrivalContext, request, response) {
      const arrival = await arrive(context, request);
      if ("refused" in arrival) return answerRefusal(request, response, arrival);
      sendSeeOther(response, arrival.returnTo, arrival.cookies);
    },
  },
];
