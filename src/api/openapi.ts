/** The OpenAPI 3.1 document, from the same route table as the router. */
import { z } from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from "zod-openapi";
import { ACTS } from "./access/access.js";
import { SESSION_COOKIE } from "./http/cookies.js";
import { PROBLEMS, type ProblemCode } from "./http/problem-codes.js";
import { idempotencyHeader, takesIdempotencyKey } from "./http/idempotency.js";
import { etagHeader, givesETag, ifMatchHeader, ifNoneMatchHeader, takesIfMatch } from "./http/preconditions.js";
import { webhooks } from "./openapi-webhooks.js";
import { PROBLEMS_PATH } from "./pages/problems.js";
import type { ApiRoute, Tag } from "./route.js";
import { problemView } from "./http/problem.js";

const TAGS: Readonly<Record<Tag, string>> = {
  Catalogue: "Apis and their event types",
  Groups: "Groups of consumers and what they are granted",
  Subscriptions: "Consumers' endpoints",
  Events: "Publish and inspect events",
  Deliveries: "One event for one subscription",
  Recoveries: "Send many deliveries again",
  Administration: "API keys and audit",
  People: "Log-in, sessions and the people who have logged in",
  Codec: "Remote codec for Temporal",
  Service: "State and documentation of the service",
};

const DESCRIPTION = `Sealpost delivers a provider's events to its consumers' HTTPS endpoints: \
signed, durably, at the pace each consumer allows.

To try the calls here: log in at [/saml/login](/saml/login), or press *Authorize* and give an API key.

Every error is a problem document (RFC 9457) with a stable \`code\`. \
[All codes](${PROBLEMS_PATH}), with what to do about each, have a page of their own.

A POST takes an \`Idempotency-Key\`. A single object has an \`ETag\`, which \`If-Match\` compares before a change. \
With \`If-None-Match\` an object that has not changed is answered by 304.

Unknown members of a body, unknown or repeated query parameters are refused with 400. \
Lists give \`{data, next}\`, newest first.`;

type Document = ReturnType<typeof createDocument>;

/** The document as it is served at /openapi.json. */
export function buildOpenApi(routes: readonly ApiRoute[], version: string): Document {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    if ("hidden" in route && route.hidden) continue;
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  }
  return withoutPrefilledParameters(
    createDocument({
      openapi: "3.1.1",
      info: {
        title: "Sealpost",
        version,
        description: DESCRIPTION,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/", description: "This server" }],
      tags: [
        ...Object.entries(TAGS).map(([name, description]) => ({ name, description })),
        { name: "Webhooks", description: "What consumers' endpoints receive" },
      ],
      security: [{ apiKey: [] }, { session: [] }],
      paths,
      webhooks,
      components: {
        securitySchemes: {
          apiKey: { type: "http", scheme: "bearer", description: "`Authorization: Bearer sp_<id>_<secret>`" },
          session: {
            type: "apiKey",
            in: "cookie",
            name: SESSION_COOKIE,
            description:
              "Set at a SAML log-in. A request that changes something must come from a page of this service (Origin).",
          },
        },
      },
    }),
  );
}

/**
 * The page of the document fills a parameter's example into its field and sends it. An example id would answer, as a
 * filter, with an empty list or a 404. So the example goes into the description.
 */
function withoutPrefilledParameters(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      for (const parameter of operation?.parameters ?? []) {
        if (!("schema" in parameter) || !parameter.schema || !("example" in parameter.schema)) continue;
        const example: unknown = parameter.schema.example;
        // A copy, because a body may share the schema.
        const schema = { ...parameter.schema };
        delete schema.example;
        parameter.schema = schema;
        parameter.description = [parameter.description, `For instance \`${String(example)}\``]
          .filter(Boolean)
          .join(". ");
      }
    }
  }
  return document;
}

function operationOf(route: ApiRoute): ZodOpenApiOperationObject {
  const { operationId, tag, summary, description, act, params, query, bodyOptional } = route;
  const headers = headersOf(route);
  return {
    operationId,
    summary,
    tags: [tag],
    description: [description, act === "public" ? undefined : `Roles: ${ACTS[act].join(", ")}. Scope: \`${act}\`.`]
      .filter(Boolean)
      .join("\n\n"),
    ...(act === "public" ? { security: [] } : { "x-roles": ACTS[act], "x-act": act }),
    ...(act !== "public" && route.publicOutsideProduction && { security: [{ apiKey: [] }, { session: [] }, {}] }),
    ...((params ?? query ?? headers) && {
      requestParams: { ...(params && { path: params }), ...(query && { query }), ...(headers && { header: headers }) },
    }),
    ...requestBodyOf(route, bodyOptional),
    responses: responsesOf(route),
  };
}

/** Request headers: the route's own, and those that the router understands for its kind. */
function headersOf(route: ApiRoute): z.ZodObject | undefined {
  if ("headers" in route && route.headers) return route.headers;
  const headers = {
    ...(takesIdempotencyKey(route) && { "Idempotency-Key": idempotencyHeader.optional() }),
    ...(takesIfMatch(route) && { "If-Match": ifMatchHeader.optional() }),
    ...(givesETag(route) && { "If-None-Match": ifNoneMatchHeader.optional() }),
  };
  return Object.keys(headers).length === 0 ? undefined : z.object(headers);
}

function requestBodyOf(route: ApiRoute, optional: true | undefined): Pick<ZodOpenApiOperationObject, "requestBody"> {
  if ("requestType" in route && route.requestType !== undefined)
    return { requestBody: { required: true, content: { [route.requestType]: { schema: {} } } } };
  return route.body
    ? { requestBody: { required: !optional, content: { "application/json": { schema: route.body } } } }
    : {};
}

function responsesOf(route: ApiRoute): ZodOpenApiResponsesObject {
  const { status, description, schema } = route.response;
  const types = [("responseType" in route ? route.responseType : undefined) ?? "application/json"].flat();
  const responses: ZodOpenApiResponsesObject = {
    [`${status}`]: {
      description,
      ...(status !== 204 && schema && { content: Object.fromEntries(types.map((type) => [type, { schema }])) }),
      ...(givesETag(route) && { headers: z.object({ ETag: etagHeader }) }),
    },
  };
  if (givesETag(route))
    responses["304"] = {
      description: "The object still has a tag of `If-None-Match`",
      headers: z.object({ ETag: etagHeader }),
    };
  if (route.page && status !== 303)
    responses["303"] = { description: "A browser is led on: to the log-in, to the identity provider, or back from it" };
  const codesOfRoute = problemsOf(route);
  for (const problemStatus of [...new Set(codesOfRoute.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b)) {
    const codes = codesOfRoute.filter((code) => PROBLEMS[code].status === problemStatus);
    responses[`${problemStatus}` as "400"] = {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join("; "),
      content: {
        "application/problem+json": { schema: problemView },
        // People are answered by a page.
        ...(route.page && { "text/html": { schema: z.string() } }),
      },
    };
  }
  return responses;
}

/** The problems a route may answer with: those of its kind and its own. */
export function problemsOf(route: ApiRoute): ProblemCode[] {
  const served = "serve" in route;
  // The last four are answered before a route is known, or by every one of them.
  const codes = new Set<ProblemCode>([
    "invalid_request",
    "malformed_request",
    "method_not_allowed",
    "internal",
    ...(route.problems ?? []),
    "request_timeout",
    "expectation_failed",
    "headers_too_large",
    "unavailable",
  ]);
  if (takesIdempotencyKey(route))
    for (const code of [
      "idempotency_key_reused",
      "idempotency_key_in_use",
      "idempotency_answer_lost",
      "erased",
    ] as const)
      codes.add(code);
  if (takesIfMatch(route)) codes.add("changed_meanwhile");
  if (route.params && route.act !== "public") codes.add("erased");
  if (route.act !== "public")
    for (const code of [
      "unauthenticated",
      "session_ended",
      "forbidden",
      "cross_site_request",
      "no_role",
      "too_many_wrong_keys",
      "rate_limited",
      "unavailable",
    ] as const)
      codes.add(code);
  if (route.params) codes.add("not_found");
  if (route.method !== "get" && !served)
    for (const code of [
      "malformed_json",
      "duplicate_member",
      "payload_too_large",
      "unsupported_media_type",
      "content_encoding_unsupported",
    ] as const)
      codes.add(code);
  return [...codes];
}
