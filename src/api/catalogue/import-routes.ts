/** Import and export of the event types of an api, as AsyncAPI or as OpenAPI with webhooks. */
import { z } from "zod";
import { OWN_API_ID } from "../../catalogue/notices/own-api.js";
import type { EventType } from "../../store/model.js";
import { eventTypeFilter, ownsApi, seesApi } from "../access/access.js";
import { recordAct } from "../access/audit.js";
import { readBody } from "../http/body.js";
import { refuse, type Refusal } from "../http/errors.js";
import { changeEventType } from "./event-type-changes.js";
import { exportAsyncApi, exportOpenApi } from "./export.js";
import { duplicateOrThrow } from "../http/failure.js";
import { DOCUMENT_LIMIT_BYTES, syntaxOf } from "./import/document.js";
import { createDocumentReads } from "./import/document-reads.js";
import type { DocumentFormat } from "./import/formats.js";
import { importDifference, importDifferences, markOf } from "./import/import-differences.js";
import { CHECKED, type ImportPlan, planImport } from "./import/plan.js";
import { sendJson, sendRefusal } from "../http/respond.js";
import { ok, type RequestContext, type ApiRoute, route, type RoutedRequest } from "../route.js";
import { apiRef } from "./schemas.js";
import { parseQuery, validate } from "../http/validate.js";

const params = z.strictObject({ id: apiRef });
const importQuery = z.strictObject({
  dryRun: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "`true` says what would be done, and does nothing" }),
  strict: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "`true` refuses the document if a part of it would be skipped or a warning given" }),
  perspective: z
    .enum(["provider", "consumer"])
    .optional()
    .meta({
      description:
        "Whose application an AsyncAPI document describes. `provider`, the default: what it sends " +
        "are events. `consumer`: what it receives",
    }),
  mark: z
    .string()
    .max(64)
    .optional()
    .meta({
      description:
        "The `mark` of a dry run of this document. If an event type was changed since, then nothing is done and the " +
        "answer is 412",
    }),
});
const notices = (description: string) =>
  z
    .array(z.object({ path: z.string(), reason: z.string() }))
    .meta({ description: `${description}; \`path\` is a JSON pointer into the document` });
const importView = z
  .object({
    format: z.enum(["asyncapi", "openapi"]),
    dryRun: z.boolean(),
    created: z.array(z.string()),
    changed: z.array(z.object({ name: z.string(), version: z.int() })),
    unchanged: z.array(z.string()),
    skipped: notices("Parts that are not taken"),
    warnings: notices("Left out of a part, or read differently from how it is written"),
    differences: z
      .array(importDifference)
      .optional()
      .meta({
        description:
          "Of a dry run: what differs of each type that would be created or changed. Beyond some 1 MiB of content " +
          "`before` and `after` are left out",
      }),
    mark: z.string().optional().meta({ description: "Of a dry run: for the import itself, see the query" }),
  })
  .meta({
    id: "Import",
    description: "Names of event types. Types of the api that the document does not describe are left alone",
  });
const exportQuery = z.strictObject({
  format: z.enum(["asyncapi", "openapi"]).optional().meta({ description: "`asyncapi` when absent" }),
});
const AUDITED_NAMES = 250;
/** Of skipped parts and of warnings, each. */
const NOTICES_SHOWN = 250;

/** Comparing and checking all event types. GitHub's 261, of 33 KB each, take some 20 s of one core. */
const PLAN_MS = 240_000;
/**
 * How long it may take until the answer begins: the wait for the thread, the plan and the writes. The server's own
 * limit for idle connections would cut off the answer.
 */
const ANSWER_MS = 600_000;

/** The import, with the thread that reads documents. The thread starts at the first import. */
function createImport() {
  const reads = createDocumentReads();

  return async (
    context: RequestContext<"store" | "catalogue">,
    request: RoutedRequest,
  ): Promise<z.input<typeof importView> | Refusal> => {
    const { dependencies, actor } = context;
    request.socket.setTimeout(ANSWER_MS);
    const id = String(request.params?.["id"]);
    if (!ownsApi(actor, id) || !(await dependencies.store.apis.get(id))) return refuse("not_found");
    if (id === OWN_API_ID) return refuse("built_in");
    const query = parseQuery(request.url ?? "");
    const checked = query.ok ? validate(importQuery, query.value, "query") : query;
    if (!checked.ok) return checked.refusal;
    const { dryRun = "false", strict = "false", perspective = "provider", mark } = checked.value;
    const syntax = syntaxOf(request.headers["content-type"] ?? "");
    if (!syntax)
      return refuse("unsupported_media_type", "A document is application/json or application/yaml, in UTF-8.");
    const body = await readBody(request, DOCUMENT_LIMIT_BYTES);
    if (!body.ok)
      return body.refusal.refused === "payload_too_large" ? { ...body.refusal, detail: TOO_LARGE } : body.refusal;
    const read = await reads.read({ bytes: body.bytes, syntax, perspective });
    if (!read.ok) return read.refusal;
    const { format } = read.value;
    const nameOf = (other: string): string | undefined =>
      ownsApi(actor, other) ? `the api ${dependencies.catalogue.api(other)?.name ?? ""} (${other})` : undefined;
    const plan = await planImport(
      { store: dependencies.store, checkSchema: reads.checkSchema, signal: AbortSignal.timeout(PLAN_MS) },
      { apiId: id, read: read.value, strict: strict === "true", now: new Date(), nameOf },
    );
    if ("refused" in plan) return plan;
    const planned = markOf(plan);
    if (mark !== undefined && mark !== planned) return refuse("changed_meanwhile", OVERTAKEN);
    const refusal = dryRun === "true" ? undefined : await carryOut(context, id, format, plan);
    return (
      refusal ?? {
        format,
        dryRun: dryRun === "true",
        created: plan.created.map(({ name }) => name),
        unchanged: plan.unchanged,
        changed: plan.changed.map(({ after: { name, version = 1 } }) => ({ name, version })),
        skipped: plan.skipped.slice(0, NOTICES_SHOWN),
        warnings: plan.warnings.slice(0, NOTICES_SHOWN),
        ...(dryRun === "true" && { differences: importDifferences(plan), mark: planned }),
      }
    );
  };
}

const OVERTAKEN = "An event type has been changed since the dry run. Make the dry run again, and look at what it says.";
const TOO_LARGE =
  `A document may have ${DOCUMENT_LIMIT_BYTES / 1024 ** 2} MiB. Leave out what no webhook, callback or message ` +
  "refers to, such as most of `paths`.";

/**
 * Writes what was planned, one type after another, because FerretDB has no transactions. If the store fails in between,
 * then the same import again does the rest. It finds the types that were written unchanged. If another api has taken a
 * name since the plan, then the types that were created are removed again.
 */
async function carryOut(
  context: RequestContext<"store" | "catalogue">,
  id: string,
  format: DocumentFormat,
  plan: ImportPlan,
): Promise<Refusal | undefined> {
  const { store } = context.dependencies;
  const written: string[] = [];
  for (const type of plan.created) {
    if (await store.eventTypes.insert(type).then(() => false, duplicateOrThrow)) {
      for (const name of written) await store.eventTypes.delete(name);
      return refuse(
        "name_taken",
        "Another api has taken the name of one of the event types meanwhile. Nothing was changed.",
      );
    }
    written.push(type.name);
  }
  for (const { before, after } of plan.changed) {
    const changed = await changeEventType({ store, compileSchema: CHECKED }, before.name, (current) =>
      replacedBy(current, after),
    );
    if (changed && "refused" in changed) return changed;
  }
  const names = [...written, ...plan.changed.map(({ before }) => before.name)];
  if (names.length > 0) {
    await recordAct(context, "api.import", id, {
      format,
      created: plan.created.length,
      changed: plan.changed.length,
      unchanged: plan.unchanged.length,
      skipped: plan.skipped.length,
      eventTypes: names.slice(0, AUDITED_NAMES),
    });
  }
  return undefined;
}

/** What the document decides, over what the type is now. */
function replacedBy(
  current: EventType,
  { description, schema, examples, deprecation, validation }: EventType,
): EventType {
  const {
    description: _description,
    schema: _schema,
    examples: _examples,
    deprecation: _deprecation,
    ...kept
  } = current;
  return {
    ...kept,
    ...(description !== undefined && { description }),
    ...(schema && { schema }),
    ...(examples && { examples }),
    ...(deprecation && { deprecation }),
    ...(validation && { validation }),
  };
}

const importDocument = createImport();

export const importRoutes: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/apis/{id}/import",
    operationId: "importEventTypes",
    tag: "Catalogue",
    act: "catalogue:write",
    summary: "Import event types from an AsyncAPI or OpenAPI document",
    description:
      "The body is the document, as JSON (`application/json`) or YAML (`application/yaml`). " +
      "It may have 8 MiB and 1,000 event types. From AsyncAPI 2.0 to 3.1 it takes the messages " +
      "that an operation sends. If there are no operations, then it takes all messages. From " +
      "OpenAPI 3.0 to 3.2 it takes the `post` operations of `webhooks` (3.0: `x-webhooks`). Of a " +
      "document without them it takes the `callbacks`, with a warning. A callback whose operation " +
      "has `x-sealpost-event-type` is always taken. " +
      "The name of a type is `x-sealpost-event-type`. Without it, AsyncAPI gives the name of " +
      "the message, then the address of its channel if the channel has one message, then its " +
      "key in the channel. OpenAPI gives the key of the webhook or callback, then its " +
      "`operationId`. `/` becomes `.`. A payload that is not JSON, or has a schema of another " +
      "language (Avro, protobuf), gives a type without a schema and a warning. A part that cannot " +
      "be taken is in `skipped`, and the rest is imported. With " +
      "`strict=true` the whole document is refused instead. If nothing can be taken, then it " +
      "is refused too, and `errors` says why. References to other documents are not fetched. " +
      "Everything is checked before the first write, so a refused import changes nothing. Fields " +
      "that the document leaves out are removed from a type that it describes, except `validation`. " +
      "Types that it does not describe are left alone.",
    params,
    query: importQuery,
    requestType: "application/json",
    response: { status: 200, description: "What was done, or with `dryRun` would be", schema: importView },
    problems: [
      "document_refused",
      "malformed_json",
      "duplicate_member",
      "payload_too_large",
      "unsupported_media_type",
      "content_encoding_unsupported",
      "name_taken",
      "schema_refused",
      "example_refused",
      "built_in",
      "unavailable",
    ],
    serve: async (context: RequestContext<"store" | "catalogue">, request, response) => {
      const outcome = await importDocument(context, request);
      if ("refused" in outcome) return sendRefusal(response, outcome);
      sendJson(response, 200, outcome);
    },
  },
  route({
    method: "get",
    path: "/v1/apis/{id}/export",
    operationId: "exportEventTypes",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "Export event types as an AsyncAPI 3 or OpenAPI 3.1 document",
    description:
      "A consumer gets the event types that are granted to its groups. Importing the document " +
      "gives the same event types.",
    params,
    query: exportQuery,
    response: {
      status: 200,
      description: "The document",
      schema: z.record(z.string(), z.unknown()).meta({ override: { type: "object", propertyNames: undefined } }),
    },
    async handle(
      { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
      { params: { id }, query: { format = "asyncapi" } },
    ) {
      const api = seesApi(actor, catalogue, id) ? catalogue.api(id) : undefined;
      if (!api) return refuse("not_found");
      const isVisible = eventTypeFilter(actor, catalogue);
      const types = catalogue
        .eventTypes()
        .filter((type) => type.apiId === id && isVisible(type))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return ok(format === "asyncapi" ? exportAsyncApi(api, types) : exportOpenApi(api, types));
    },
  }),
];
