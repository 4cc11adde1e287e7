/** The HTTP API: `createApi(dependencies)` answers the requests, `createHttpServer()` takes them in. */
import type { IncomingMessage, RequestListener } from "node:http";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { apiKeyRoutes } from "./access/api-keys.js";
import { apiRoutes } from "./catalogue/apis.js";
import { auditRoutes } from "./access/audit.js";
import { auditVerifyRoute } from "./audit/audit-verify.js";
import { settingsRoute } from "./settings-in-force.js";
import { codecRoutes } from "./deliveries/codec.js";
import { searchRoutes } from "./search.js";
import { deliveryExportRoute } from "./deliveries/delivery-export.js";
import { deliveryActRoutes } from "./deliveries/delivery-acts.js";
import { deliveryRoutes } from "./deliveries/deliveries.js";
import type { ApiDependencies, GivenDependencies } from "./dependencies.js";
import { refuse, type Refusal } from "./http/errors.js";
import { streamRoutes } from "./deliveries/stream/routes.js";
import { eventTypeListRoutes } from "./catalogue/event-type-list.js";
import { eventTypeRoutes } from "./catalogue/event-types.js";
import { payloadLookRoutes } from "./catalogue/payload-look.js";
import { eventExportRoute } from "./deliveries/event-export.js";
import { eventRoutes } from "./deliveries/events.js";
import { refusalOf } from "./http/failure.js";
import { filterApiRoutes } from "./catalogue/filters.js";
import { createGate, type Gate } from "./access/gate.js";
import { grantRequestListRoutes } from "./catalogue/grant-request-list.js";
import { grantRequestRoutes } from "./catalogue/grant-requests.js";
import { holdRoutes } from "./holds/holds.js";
import { groupRoutes } from "./catalogue/groups.js";
import { loginRoutes } from "./login/login.js";
import { createLoginLimits } from "./login/login-limits.js";
import { meRoutes } from "./login/me.js";
import { overviewRoutes } from "./overview/routes.js";
import { myMailRoutes } from "./login/my-mail.js";
import { mySessionRoutes } from "./login/my-sessions.js";
import { unsubscribeRoutes } from "./mail/unsubscribe.js";
import { commonPageRoutes, pageRoutes } from "./pages/routes.js";
import { portalRoutes } from "./portal/routes.js";
import { peopleRoutes } from "./login/people.js";
import { importRoutes } from "./catalogue/import-routes.js";
import { publishRoutes } from "./publish/routes.js";
import { signatureRoutes } from "./deliveries/signature.js";
import { recoveryExportRoute } from "./recoveries/recovery-export.js";
import { recoveryRoutes } from "./recoveries/recoveries.js";
import { sendRefusal } from "./http/respond.js";
import type { ApiRoute } from "./route.js";
import { handlerOf, mountRoutes } from "./router.js";
import { samlConnectionRoutes } from "./saml/connections/connections.js";
import { samlKeyRoutes } from "./saml/connections/keys.js";
import { samlMetadataRoutes } from "./saml/connections/metadata-routes.js";
import { documentationRoutes, healthRoutes } from "./service-routes.js";
import { statsRoutes } from "./stats/routes.js";
import { singleLogoutRoutes } from "./saml/connections/logout-routes.js";
import { subscriptionChatRoutes } from "./subscriptions/chat/chat-routes.js";
import { subscriptionCertificateRoutes } from "./subscriptions/certificates.js";
import { egressRoutes } from "./subscriptions/egress.js";
import { subscriptionHealthRoutes } from "./subscriptions/health.js";
import { subscriptionLifeRoutes } from "./subscriptions/life.js";
import { subscriptionLifecycleRoutes } from "./subscriptions/secret-and-test.js";
import { subscriptionTechniqueRoutes } from "./subscriptions/keys-and-certificates.js";
import { subscriptionExportRoute } from "./subscriptions/export/subscription-export.js";
import { subscriptionActRoutes } from "./subscriptions/steps/subscription-acts.js";
import { subscriptionListRoutes } from "./subscriptions/list.js";
import { subscriptionRoutes } from "./subscriptions/subscriptions.js";
import { targetCheckRoutes } from "./subscriptions/target-check.js";
import { isTemporalUi, temporalUiRoute } from "./temporal-ui/route.js";

export { createHttpServer } from "./http/http-server.js";

const RESOURCE_ROUTES: readonly ApiRoute[] = [
  ...publishRoutes,
  // Exports come before the lists, whose ids are paths as well.
  eventExportRoute,
  ...eventRoutes,
  deliveryExportRoute,
  ...deliveryRoutes,
  ...statsRoutes,
  ...searchRoutes,
  ...overviewRoutes,
  ...streamRoutes,
  ...signatureRoutes,
  ...deliveryActRoutes,
  recoveryExportRoute,
  ...recoveryRoutes,
  ...apiRoutes,
  ...importRoutes,
  ...eventTypeListRoutes,
  ...eventTypeRoutes,
  ...payloadLookRoutes,
  ...groupRoutes,
  ...grantRequestListRoutes,
  ...grantRequestRoutes,
  subscriptionExportRoute,
  ...subscriptionListRoutes,
  ...subscriptionActRoutes,
  ...holdRoutes,
  ...subscriptionRoutes,
  ...subscriptionLifeRoutes,
  ...subscriptionLifecycleRoutes,
  ...subscriptionTechniqueRoutes,
  ...subscriptionCertificateRoutes,
  ...subscriptionChatRoutes,
  ...egressRoutes,
  ...subscriptionHealthRoutes,
  ...targetCheckRoutes,
  ...filterApiRoutes,
  ...apiKeyRoutes,
  ...auditRoutes,
  auditVerifyRoute,
  settingsRoute,
  ...codecRoutes,
  ...loginRoutes,
  ...meRoutes,
  ...myMailRoutes,
  ...mySessionRoutes,
  ...unsubscribeRoutes,
  ...peopleRoutes,
  ...pageRoutes,
  ...portalRoutes,
  ...samlConnectionRoutes,
  ...samlKeyRoutes,
  ...samlMetadataRoutes,
  ...singleLogoutRoutes,
];

/** Every route that the process serves. A pure worker serves its state only. */
export function servedRoutes(workerOnly = false): readonly ApiRoute[] {
  const documented = [...(workerOnly ? [] : RESOURCE_ROUTES), ...healthRoutes, ...commonPageRoutes];
  return workerOnly ? documented : [...documented, ...documentationRoutes(documented)];
}

/** Answers every request, errors included, by the HTTP contract. */
export function createApi(given: GivenDependencies): RequestListener {
  const dependencies: ApiDependencies = { ...given, loginLimits: createLoginLimits(given.settings.wrongKeysPerMinute) };
  const gate = createGate(dependencies, dependencies.sessions);
  const app = createApp(dependencies, gate);
  const hot = dependencies.settings.workerOnly ? undefined : publishRoutes.find((route) => route.path === HOT_PATH);
  const publish = hot && handlerOf(hot, dependencies, gate);
  const temporalUi = dependencies.settings.workerOnly ? undefined : handlerOf(temporalUiRoute, dependencies, gate);
  return (request, response) => {
    const refusal = edgeRefusal(request);
    if (refusal) return sendRefusal(response, refusal);
    if (publish && request.url === HOT_PATH && request.method === "POST") return void publish(request, response);
    if (temporalUi && isTemporalUi(request.url)) return void temporalUi(request, response);
    app(request, response);
  };
}

/** Publishing goes past Express, which took 0.17 ms of CPU for a 1 KB event instead of 0.06. */
const HOT_PATH = "/v1/events";

function createApp(dependencies: ApiDependencies, gate: Gate): Express {
  const { log, settings } = dependencies;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  app.enable("strict routing");
  app.enable("case sensitive routing");

  mountRoutes(app, servedRoutes(settings.workerOnly), dependencies, gate);
  app.use(((_request, response) => sendRefusal(response, refuse("not_found"))) satisfies RequestHandler);
  const failed: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    const refusal = refusalOf(error);
    if (!refusal) log.error({ err: error, method: request.method }, "a request failed before its route");
    sendRefusal(response, refusal ?? refuse("internal"));
  };
  app.use(failed);
  return app;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"]);
/** Node would silently drop what is above its own limit. See http-server.ts. */
const MAX_HEADERS = 100;

/** A host and a port, or nothing (RFC 9110, 7.2, and RFC 3986, 3.2.2). */
const HOST = /^(?:[A-Za-z0-9._~!$&'()*+;=%-]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/** Each may be there once. The place of a name is found by its length. */
const ONCE: Readonly<Record<number, string>> = { 4: "host", 12: "content-type", 13: "authorization" };

/**
 * A header that is given twice. Of these Node keeps the first one without a word, and a proxy before it may have read
 * another (RFC 9112, 3.2, for Host).
 */
function givenTwice(rawHeaders: readonly string[]): string | undefined {
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (ONCE[name.length] === undefined || name.toLowerCase() !== ONCE[name.length]) continue;
    const bit = 1 << name.length;
    if ((seen & bit) !== 0) return ONCE[name.length];
    seen |= bit;
  }
  return undefined;
}

/** What is wrong with a request whatever its path. */
function edgeRefusal(request: IncomingMessage): Refusal | undefined {
  if (request.rawHeaders.length > 2 * MAX_HEADERS)
    return refuse("headers_too_large", undefined, { headers: { connection: "close" } });
  const fault = faultOfHead(request);
  if (fault !== undefined) return refuse("malformed_request", fault, { headers: { connection: "close" } });
  if (!METHODS.has(request.method ?? ""))
    return refuse("method_not_allowed", undefined, { headers: { allow: "GET, HEAD, POST, PUT, PATCH, DELETE" } });
  return undefined;
}

function faultOfHead({ headers: { host }, httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  // The parser of Node takes a 2.0 as well, and no HTTP/2 begins so.
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return "The version of HTTP must be 1.1.";
  if (host === undefined && httpVersion !== "1.0") return "The Host header is missing.";
  const twice = givenTwice(rawHeaders);
  if (twice !== undefined) return `The header ${twice} is given twice.`;
  return host === undefined || HOST.test(host) ? undefined : "The Host header names no host.";
}
