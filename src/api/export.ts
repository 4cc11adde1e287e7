/** Event types as an AsyncAPI 3 or OpenAPI 3.1 document. What is in it is what the importer takes back. */
import { isObject, mapSubschemas } from "../activities/json-schema.js";
import type { Api, EventType } from "../store/model.js";
import { deprecationView } from "./event-type-view.js";
import { EXTENSION } from "./import/described-type.js";

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
const SCHEMA_FORMAT = "application/schema+json;version=2020-12";

const infoOf = ({ name, description }: Api) => ({ title: name, version: "1.0.0", ...(description !== undefined && { description }) });

const extensionsOf = ({ validation, deprecation }: EventType) => ({
  ...(validation && validation !== "off" && { [EXTENSION.validation]: validation }), ...(deprecation && { deprecated: true, [EXTENSION.deprecation]: deprecationView(deprecation) }),
});

/** A channel, a message and an operation for each event type; schemas stand in the components. */
export function exportAsyncApi(api: Api, types: readonly EventType[]): Record<string, unknown> {
  const schemas = types.flatMap(({ name, schema }) => (schema ? [[name, { schemaFormat: SCHEMA_FORMAT, schema: embedded(schema, `/components/schemas/${name}/schema`) }]] : []));
  return {
    asyncapi: "3.0.0", info: infoOf(api), defaultContentType: "application/json",
    channels: Object.fromEntries(types.map((type) => [type.name, { address: type.name, messages: { [type.name]: messageOf(type) } }])),
    operations: Object.fromEntries(types.map(({ name }) => [`send.${name}`, { action: "send", channel: { $ref: `#/channels/${name}` } }])),
    ...(schemas.length > 0 && { components: { schemas: Object.fromEntries(schemas) as Record<string, unknown> } }),
  };
}

const messageOf = (type: EventType) => ({
  name: type.name, ...(type.description !== undefined && { description: type.description }), contentType: "application/json", ...extensionsOf(type),
  ...(type.schema && { payload: { $ref: `#/components/schemas/${type.name}` } }), ...(type.examples && { examples: type.examples.map((payload) => ({ payload })) }),
});

/** A webhook for each event type; schemas stand in the components. */
export function exportOpenApi(api: Api, types: readonly EventType[]): Record<string, unknown> {
  const schemas = types.flatMap(({ name, schema }) => (schema ? [[name, embedded(schema, `/components/schemas/${name}`)]] : []));
  return {
    openapi: "3.1.0", info: infoOf(api), jsonSchemaDialect: DIALECT,
    webhooks: Object.fromEntries(types.map((type) => [type.name, { post: operationOf(type) }])),
    ...(schemas.length > 0 && { components: { schemas: Object.fromEntries(schemas) as Record<string, unknown> } }),
  };
}

function operationOf(type: EventType) {
  const { name, description, schema, examples } = type;
  const media = { ...(schema && { schema: { $ref: `#/components/schemas/${name}` } }), ...(examples && { examples: Object.fromEntries(examples.map((value, index) => [`example${index + 1}`, { value }])) }) };
  return {
    ...(description !== undefined && { description }), ...extensionsOf(type), requestBody: { required: true, content: { "application/json": media } },
    responses: { "2XX": { description: "Received" } },
  };
}

/**
 * The schema as part of a document, at a pointer of it: references count from the document's top there. Anchors become pointers; `$id`
 * and `$schema` go, because they would make the document say otherwise.
 */
function embedded(schema: Record<string, unknown>, at: string): Record<string, unknown> {
  const anchors = new Map<string, string>();
  collectAnchors(schema, "", anchors);
  const rewrite = (subschema: unknown): unknown => {
    if (!isObject(subschema)) return subschema;
    const { $anchor: _anchor, $id: _id, $schema: _schema, ...rest } = mapSubschemas(subschema, rewrite);
    const { $ref } = rest;
    if (typeof $ref !== "string") return rest;
    const anchor = anchors.get($ref.slice(1));
    return { ...rest, $ref: `#${at}${anchor === undefined ? $ref.slice(1) : encodeURI(anchor)}` };
  };
  return rewrite(schema) as Record<string, unknown>;
}

function collectAnchors(schema: unknown, at: string, into: Map<string, string>): void {
  if (!isObject(schema)) return;
  if (typeof schema["$anchor"] === "string") into.set(schema["$anchor"], at);
  mapSubschemas(schema, (subschema, path) => (collectAnchors(subschema, at + path, into), subschema));
}
