/** Health, metrics, the OpenAPI document and its page. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { z } from "zod";
import { refuse } from "./http/errors.js";
import { buildOpenApi } from "./openapi.js";
import { send, sendRefusal } from "./http/respond.js";
import { ok, type ApiRoute, route, type RequestContext } from "./route.js";
import { healthView } from "./access/schemas.js";

/** On every process, workers included. */
export const healthRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/health/live",
    operationId: "live",
    tag: "Service",
    act: "public",
    summary: "Whether the process runs",
    response: { status: 200, description: "It runs", schema: healthView },
    handle: async ({ dependencies }: RequestContext<"settings">) =>
      ok({ status: "ok" as const, version: dependencies.settings.version }),
  }),
  route({
    method: "get",
    path: "/health/ready",
    operationId: "ready",
    tag: "Service",
    act: "public",
    summary: "Whether a publish would be accepted now",
    description: "`degraded` names what does not answer meanwhile. What was accepted is delivered once it is back.",
    response: { status: 200, description: "It would", schema: healthView },
    problems: ["not_ready"],
    async handle({ dependencies }: RequestContext<"settings" | "readiness">) {
      const { missing, degraded } = await dependencies.readiness();
      const { version } = dependencies.settings;
      return missing === undefined
        ? ok({ status: "ok" as const, version, ...(degraded.length > 0 && { degraded: [...degraded] }) })
        : refuse("not_ready", `${missing}.`, { retryAfterSeconds: 5 });
    },
  }),
  {
    method: "get",
    path: "/metrics",
    operationId: "metrics",
    tag: "Service",
    act: "service:read",
    publicOutsideProduction: true,
    summary: "Metrics for Prometheus",
    description: "In production an admin key is needed.",
    responseType: "text/plain",
    response: { status: 200, description: "Prometheus text format", schema: z.string() },
    async serve({ dependencies: { metrics } }: RequestContext<"metrics">, _request, response) {
      send(response, 200, await metrics.metrics(), { "content-type": metrics.contentType });
    },
  },
];

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sealpost API</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/initializer.js"></script>
</body>
</html>
`;
/** A file of its own, because the content security policy allows no inline script. */
const INITIALIZER =
  `window.ui = SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", ` +
  "deepLinking: true, validatorUrl: null });\n";
/** Swagger UI draws its icons from `data:` URLs. Nothing is loaded from elsewhere. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
};

/** The document of these routes and the page that shows it. */
export function documentationRoutes(documented: readonly ApiRoute[]): ApiRoute[] {
  const documents = new Map<string, string>();
  const files = new Map<string, Buffer>();
  const shared = { method: "get", tag: "Service", act: "service:read", publicOutsideProduction: true } as const;
  const routes: ApiRoute[] = [
    {
      ...shared,
      path: "/openapi.json",
      operationId: "openapi",
      summary: "The OpenAPI 3.1 document of this API",
      description: "In production an admin key is needed.",
      response: { status: 200, description: "OpenAPI 3.1", schema: z.looseObject({ openapi: z.string() }) },
      async serve({ dependencies: { settings } }: RequestContext<"settings">, _request, response) {
        const document =
          documents.get(settings.version) ?? JSON.stringify(buildOpenApi([...documented, ...routes], settings.version));
        documents.set(settings.version, document);
        send(response, 200, document, { "content-type": "application/json" });
      },
    },
    {
      ...shared,
      path: "/docs",
      operationId: "docs",
      page: "/saml/login",
      summary: "This document as a page",
      description: "In production an admin key is needed.",
      responseType: "text/html",
      response: { status: 200, description: "A page", schema: z.string() },
      serve: async (_context, _request, response) =>
        send(response, 200, PAGE, {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": PAGE_POLICY,
        }),
    },
    {
      ...shared,
      path: "/docs/{file}",
      operationId: "docsFile",
      summary: "Files of the page",
      hidden: true,
      response: { status: 200, description: "A file" },
      async serve(_context, request, response) {
        const name = String(request.params?.["file"]);
        if (name === "initializer.js")
          return send(response, 200, INITIALIZER, { "content-type": "text/javascript; charset=utf-8" });
        const type = FILES[name];
        if (type === undefined) return sendRefusal(response, refuse("not_found"));
        const file = files.get(name) ?? (await readFile(join(swaggerDirectory(), name)));
        files.set(name, file);
        send(response, 200, file, { "content-type": type, "cache-control": "private, max-age=3600" });
      },
    },
  ];
  return routes;
}

const swaggerDirectory = (): string => dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
