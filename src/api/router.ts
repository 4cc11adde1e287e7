/** Builds the Express router from the route table: authenticate, authorise, validate, handle, answer. */
import type { ServerResponse } from "node:http";
import type { Express } from "express";
import type { Actor } from "./access/actor.js";
import { createActOfRequest, isAdministrative } from "./access/act-intents.js";
import { createNotFoundNote } from "./access/not-found-note.js";
import { checkBody } from "./checked-body.js";
import { createCursorSeal } from "./http/cursor-seal.js";
import type { ApiDependencies } from "./dependencies.js";
import { refuse, type Refusal } from "./http/errors.js";
import { refusalOf } from "./http/failure.js";
import type { Gate } from "./access/gate.js";
import { readIdempotencyKey, runOnce, takesIdempotencyKey } from "./http/idempotency.js";
import {
  conditionalStore,
  etagOf,
  givesETag,
  readIfMatch,
  readIfNoneMatch,
  takesIfMatch,
} from "./http/preconditions.js";
import { answerPageRefusal } from "./pages/refused.js";
import { isRoutine, problemCodeOf, send, sendJson, sendRefusal } from "./http/respond.js";
import {
  type HandledRoute,
  isRefusal,
  type Reply,
  type RouterContext,
  type ApiRoute,
  type RoutedRequest,
  type ServedRoute,
} from "./route.js";
import { hasBounds, reckon } from "./http/relative-time.js";
import { parseQuery, validate, type Validated } from "./http/validate.js";
import { ANYBODY, createAdmission } from "./access/admission.js";
import { pathResolver, withOwnIds } from "./external-ids.js";

/** Mounts every route, and 405 with Allow for the other methods of their paths. */
export function mountRoutes(
  app: Express,
  routes: readonly ApiRoute[],
  dependencies: ApiDependencies,
  gate: Gate,
): void {
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const path = expressPath(route.path);
    app[route.method](path, handlerOf(route, dependencies, gate));
    methods.set(path, [
      ...(methods.get(path) ?? []),
      ...(route.method === "get" ? ["GET", "HEAD"] : [route.method.toUpperCase()]),
    ]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, (_request, response) =>
      sendRefusal(response, refuse("method_not_allowed", undefined, { headers: { allow: allowed.join(", ") } })),
    );
  }
}

/** `/v1/groups/{id}` as Express writes it. */
export const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

/** Answers a request for this route whose path has matched. */
export function handlerOf(
  route: ApiRoute,
  dependencies: ApiDependencies,
  gate: Gate,
): (request: RoutedRequest, response: ServerResponse) => Promise<void> {
  const { log } = dependencies;
  const refuseTo = refuserOf(route);
  const admit = createAdmission(route, dependencies, gate);
  const run = runnerOf(route);
  const noteNotFound = createNotFoundNote(route, dependencies);
  const administrative = isAdministrative(route);
  const resolve = pathResolver(route);

  async function runAs(actor: Actor, request: RoutedRequest, response: ServerResponse): Promise<void> {
    const unresolved = await resolve?.({ dependencies, actor }, request);
    if (unresolved) return refuseTo(request, response, unresolved);
    if (!administrative) return run({ dependencies, actor }, request, response);
    const id = Object.values(request.params ?? {})[0];
    const act = createActOfRequest({
      dependencies,
      actor,
      operation: route.operationId,
      id: typeof id === "string" ? id : undefined,
    });
    try {
      await run({ dependencies: act.dependencies, actor, act }, request, response);
    } finally {
      act.end();
    }
  }

  return async (request, response) => {
    const since = performance.now();
    let actor = ANYBODY;
    try {
      const admission = await admit(request, response, (known) => {
        actor = known;
      });
      if ("refused" in admission) refuseTo(request, response, admission);
      else await runAs(admission, request, response);
    } catch (error) {
      const refusal = refusalOf(error);
      // A cursor of another list is the client's mistake and no failure of ours.
      if (refusal === undefined || refusal.refused === "unavailable")
        log.error({ err: error, method: request.method, route: route.path }, "a request failed");
      if (response.headersSent) response.destroy();
      else refuseTo(request, response, refusal ?? refuse("internal"));
    }
    noteNotFound(actor, request, response);
    logRequest(log, route, { request, response, since, actor });
  };
}

interface AnsweredRequest {
  request: RoutedRequest;
  response: ServerResponse;
  /** By the clock of `performance`. */
  since: number;
  actor: Actor;
}

/** One line for each request. */
function logRequest(
  log: ApiDependencies["log"],
  route: ApiRoute,
  { request, response, since, actor }: AnsweredRequest,
): void {
  // The publisher writes one line for each event. A second one here would cost the hot path as much again.
  if (route.act === "events:publish" && response.statusCode === 202) return;
  if (isRoutine(response)) return;
  const code = problemCodeOf(response);
  log.info(
    {
      method: request.method,
      route: route.path,
      status: response.statusCode,
      ms: Math.round((performance.now() - since) * 10) / 10,
      actor: actor.name,
      ...(code !== undefined && { code }),
    },
    "request",
  );
}

/** A page refuses with a page. */
function refuserOf({ page }: ApiRoute): (request: RoutedRequest, response: ServerResponse, refusal: Refusal) => void {
  if (page === undefined) return (_request, response, refusal) => sendRefusal(response, refusal);
  return (request, response, refusal) => answerPageRefusal(request, response, refusal, page);
}

type Runner = (context: RouterContext, request: RoutedRequest, response: ServerResponse) => Promise<void> | void;

function runnerOf(route: ApiRoute): Runner {
  if ("serve" in route) return (context, request, response) => serveChecked(route, context, request, response);
  const cursors = createCursorSeal(route);
  const bounded = hasBounds(route.query?.shape);
  return async (given, request, response) => {
    const input = await inputOf(route, given, request);
    if (!input.ok) return sendRefusal(response, input.refusal);
    const unsealed = cursors.open(given.dependencies.store, input.value);
    if ("refused" in unsealed) return sendRefusal(response, unsealed);
    const { query, frozen } = bounded
      ? reckon(unsealed.query, (given.dependencies.clock ?? Date.now)())
      : { query: unsealed.query };
    const opened = { ...unsealed, query };
    const context = onCondition(route, given, request);
    if ("refused" in context) return sendRefusal(response, context);
    const known = givesETag(route) ? readIfNoneMatch(request) : isNotKnown;
    if ("refused" in known) return sendRefusal(response, known);
    const outcome = await handled(route, context, opened, request);
    if (isRefusal(outcome)) return sendRefusal(response, outcome);
    const headers: Record<string, string> = { ...etagOf(route, outcome), ...outcome.headers };
    if (known(headers["etag"])) return send(response, 304, "", headers);
    sendJson(response, outcome.status, cursors.seal(context.dependencies.store, outcome.body, frozen), headers);
  };
}

const isNotKnown = (): boolean => false;

/** The context whose writes hold the condition of `If-Match`. */
function onCondition(route: HandledRoute, context: RouterContext, request: RoutedRequest): RouterContext | Refusal {
  if (!takesIfMatch(route)) return context;
  const tags = readIfMatch(request);
  if (tags === undefined) return context;
  if ("refused" in tags) return tags;
  const { dependencies } = context;
  const { store, claim } = conditionalStore(
    dependencies.store,
    route,
    String(Object.values(request.params ?? {})[0]),
    tags,
  );
  return { ...context, claim, dependencies: { ...dependencies, store } };
}

/** The outcome of the handler, or what the same request with its `Idempotency-Key` was answered before. */
async function handled(
  route: HandledRoute,
  context: RouterContext,
  input: Input,
  request: RoutedRequest,
): Promise<Reply | Refusal> {
  const key = takesIdempotencyKey(route) ? readIdempotencyKey(request) : undefined;
  if (typeof key === "object") return key;
  return key === undefined
    ? route.handle(context, input)
    : runOnce(context, { route, key, input }, () => route.handle(context, input));
}

/** Path and query are checked here. The rest is the route's own. */
function serveChecked(
  route: ServedRoute,
  context: RouterContext,
  request: RoutedRequest,
  response: ServerResponse,
): Promise<void> | void {
  const refuseTo = refuserOf(route);
  if (route.params) {
    const params = checkParams(route, request);
    if (!params.ok) return refuseTo(request, response, route.unknownPath ? refuse(route.unknownPath) : params.refusal);
  }
  if (!route.anyQuery && request.url?.includes("?")) {
    const query = checkQuery(route, request);
    if (!query.ok) return refuseTo(request, response, query.refusal);
  }
  return route.serve(context, request, response);
}

type Input = Parameters<HandledRoute["handle"]>[1];

async function inputOf(route: HandledRoute, context: RouterContext, request: RoutedRequest): Promise<Validated<Input>> {
  const params = checkParams(route, request);
  if (!params.ok) return params;
  const query = checkQuery(route, request);
  if (!query.ok) return query;
  const body = await checkBody(route, request);
  if (!body.ok) return body;
  const own = { query: await withOwnIds(context, query.value), body: await withOwnIds(context, body.value) };
  return { ok: true, value: { params: params.value, ...own, ...(body.raw && { raw: body.raw }) } };
}

/** An id that cannot exist is answered like one that does not. */
function checkParams(route: Pick<ApiRoute, "params">, request: RoutedRequest): Validated<Record<string, unknown>> {
  if (!route.params) return { ok: true, value: {} };
  const checked = validate(route.params, { ...request.params });
  return checked.ok ? checked : { ok: false, refusal: refuse("not_found") };
}

/** The query against the route's schema. A route without one takes no parameters. */
export function checkQuery(
  route: Pick<ApiRoute, "query">,
  request: Pick<RoutedRequest, "url">,
): Validated<Record<string, unknown>> {
  const parsed = parseQuery(request.url ?? "");
  if (!parsed.ok) return parsed;
  if (route.query) return validate(route.query, parsed.value, "query");
  const [unknown] = Object.keys(parsed.value);
  return unknown === undefined
    ? parsed
    : {
        ok: false,
        refusal: refuse("invalid_request", undefined, {
          errors: [{ path: "query", message: "takes no parameters here" }],
        }),
      };
}
