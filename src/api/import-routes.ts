/** Import and export of the event types of an api, as AsyncAPI 3 or as OpenAPI 3.1 with webhooks. */
import { z } from "zod";
import { createWatchdog } from "../activities/watchdog.js";
import type { EventType } from "../store/model.js";
import { eventTypeFilter, ownsApi, seesApi } from "./access.js";
import { recordAct } from "./audit.js";
import { readBody } from "./body.js";
import { refuse, type Refusal } from "./errors.js";
import { changeEventType } from "./event-type-changes.js";
import { exportAsyncApi, exportOpenApi } from "./export.js";
import { isDuplicate } from "./failure.js";
import { DOCUMENT_LIMIT_BYTES, JSON_TYPES, parseJsonDocument, parseYamlDocument, YAML_TYPES } from "./import/document.js";
import { createDocumentReader, type DocumentFormat } from "./import/formats.js";
import { type Plan, planImport } from "./import/plan.js";
import { sendJson, sendRefusal } from "./respond.js";
import { ok, type RequestContext, type Route, route, type RoutedRequest } from "./route.js";
import { apiId } from "./schemas/catalogue.js";
import { parseQuery, validate } from "./validate.js";

const params = z.strictObject({ id: apiId });
const importQuery = z.strictObject({
  dryRun: z.enum(["true", "false"]).optional().meta({ description: "`true`: tell what would be done, and do nothing" }),
});
const importView = z.object({
  format: z.enum(["asyncapi", "openapi"]), dryRun: z.boolean(),
  created: z.array(z.string()), changed: z.array(z.object({ name: z.string(), version: z.int() })), unchanged: z.array(z.string()),
}).meta({ id: "Import", description: "Names of event types. Types of the api that the document does not describe are left alone" });
const exportQuery = z.strictObject({ format: z.enum(["asyncapi", "openapi"]).optional().meta({ description: "`asyncapi` when absent" }) });
const AUDITED_NAMES = 250;

/** The import with what it keeps: the compiled schemas of the document formats, once somebody imports. */
function createImport() {
  const watchdog = createWatchdog();
  const readDocument = createDocumentReader(watchdog);

  async function parsed(request: RoutedRequest) {
    const type = request.headers["content-type"] ?? "";
    const [json, yaml] = [JSON_TYPES.test(type), YAML_TYPES.test(type)];
    if (!json && !yaml) return { ok: false as const, refusal: refuse("unsupported_media_type", "A document is application/json or application/yaml, in UTF-8.") };
    const body = await readBody(request, DOCUMENT_LIMIT_BYTES);
    if (!body.ok) return body;
    return json ? parseJsonDocument(body.bytes) : parseYamlDocument(body.bytes, watchdog);
  }

  return async (context: RequestContext, request: RoutedRequest): Promise<z.input<typeof importView> | Refusal> => {
    const { dependencies: { store }, actor } = context;
    const id = String(request.params?.["id"]);
    if (!ownsApi(actor, id) || !(await store.apis.get(id))) return refuse("not_found");
    const query = parseQuery(request.url ?? "");
    const checked = query.ok ? validate(importQuery, query.value, "query") : query;
    if (!checked.ok) return checked.refusal;
    const body = await parsed(request);
    if (!body.ok) return body.refusal;
    const read = readDocument(body.value);
    if (!read.ok) return refuse("document_refused", undefined, { errors: read.errors.slice(0, 20) });
    const { format, types } = read.value;
    const plan = await planImport(context.dependencies, id, types, new Date());
    if ("refused" in plan) return plan;
    const dryRun = checked.value.dryRun === "true";
    const refusal = dryRun ? undefined : await carryOut(context, id, format, plan);
    return refusal ?? {
      format, dryRun, created: plan.created.map(({ name }) => name), unchanged: plan.unchanged,
      changed: plan.changed.map(({ after: { name, version = 1 } }) => ({ name, version })),
    };
  };
}

/**
 * Writes what was planned, one type after another: the stand-in has no transactions. Should the store fail in between, the same import
 * again does the rest, and finds what was written unchanged. A name that another api took since the plan takes back what was created.
 */
async function carryOut(context: RequestContext, id: string, format: DocumentFormat, plan: Plan): Promise<Refusal | undefined> {
  const { store } = context.dependencies;
  const written: string[] = [];
  for (const type of plan.created) {
    if (await store.eventTypes.insert(type).then(() => false, isDuplicate)) {
      for (const name of written) await store.eventTypes.delete(name);
      return refuse("name_taken", "Another api took the name of one of the event types meanwhile; nothing was changed.");
    }
    written.push(type.name);
  }
  for (const { before, after } of plan.changed) {
    const changed = await changeEventType(context.dependencies, before.name, (current) => replacedBy(current, after));
    if (changed && "refused" in changed) return changed;
  }
  const names = [...written, ...plan.changed.map(({ before }) => before.name)];
  if (names.length > 0) {
    await recordAct(context, "api.import", id, { format, created: plan.created.length, changed: plan.changed.length, unchanged: plan.unchanged.length, eventTypes: names.slice(0, AUDITED_NAMES) });
  }
  return undefined;
}

/** What the document decides, over what the type is now. */
function replacedBy(current: EventType, { description, schema, examples, deprecation, validation }: EventType): EventType {
  const { description: _description, schema: _schema, examples: _examples, deprecation: _deprecation, ...kept } = current;
  return {
    ...kept, ...(description !== undefined && { description }), ...(schema && { schema }), ...(examples && { examples }), ...(deprecation && { deprecation }), ...(validation && { validation }),
  };
}

const importDocument = createImport();

export const importRoutes: readonly Route[] = [
  {
    method: "post", path: "/v1/apis/{id}/import", operationId: "importEventTypes", tag: "Catalogue", act: "catalogue:write",
    summary: "Import event types from an AsyncAPI 3 or OpenAPI 3.1 document",
    description: "The body is the document, JSON (`application/json`) or YAML (`application/yaml`), at most 1 MiB and 1,000 event types. From AsyncAPI the messages that an operation sends (all, when there are no operations), " +
      "from OpenAPI the `post` operations of `webhooks`. The name is `x-sealpost-event-type`; else the address of a channel with one message (`/` becomes `.`), the name of a message, or the key of a webhook. " +
      "Everything is checked first: a refused import changes nothing. What the document leaves out is removed from a type that it describes, but for `validation`; types that it does not describe are left alone.",
    params, query: importQuery, requestType: "application/json", response: { status: 200, description: "What was done, or with `dryRun` would be", schema: importView },
    problems: ["document_refused", "malformed_json", "duplicate_member", "payload_too_large", "unsupported_media_type", "content_encoding_unsupported", "name_taken", "schema_refused", "example_refused"],
    serve: async (context, request, response) => {
      const outcome = await importDocument(context, request);
      if ("refused" in outcome) return sendRefusal(response, outcome);
      sendJson(response, 200, outcome);
    },
  },
  route({
    method: "get", path: "/v1/apis/{id}/export", operationId: "exportEventTypes", tag: "Catalogue", act: "catalogue:read",
    summary: "Export event types as an AsyncAPI 3 or OpenAPI 3.1 document", description: "A consumer gets those that its groups are granted. Importing it gives the same event types.",
    params, query: exportQuery, response: { status: 200, description: "The document", schema: z.record(z.string(), z.unknown()).meta({ override: { type: "object", propertyNames: undefined } }) },
    async handle({ dependencies: { catalogue }, actor }, { params: { id }, query: { format = "asyncapi" } }) {
      const api = seesApi(actor, catalogue, id) ? catalogue.api(id) : undefined;
      if (!api) return refuse("not_found");
      const isVisible = eventTypeFilter(actor, catalogue);
      const types = catalogue.eventTypes().filter((type) => type.apiId === id && isVisible(type)).sort((a, b) => (a.name < b.name ? -1 : 1));
      return ok(format === "asyncapi" ? exportAsyncApi(api, types) : exportOpenApi(api, types));
    },
  }),
];
