/** Event types as an AsyncAPI 3 or OpenAPI 3.1 document. The importer reads back everything that is in it. */
import { isObject, mapSubschemas } from "../../catalogue/json-schema.js";
import type { Api, EventType } from "../../store/model.js";
import { deprecationView } from "./event-type-view.js";
import { EXTENSION } from "./import/described-type.js";

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
const SCHEMA_FORMAT = "application/schema+json;version=2020-12";

const infoOf = ({ name, description }: Api) => ({
  title: name,
  version: "1.0.0",
  ...(description !== undefined && { description }),
});

/** A name with `/` would come back with `.` for it, as paths do. */
const extensionsOf = ({ name, validation, deprecation }: EventType) => ({
  ...(name.includes("/") && { [EXTENSION.eventType]: name }),
  ...(validation && validation !== "off" && { [EXTENSION.validation]: validation }),
  ...(deprecation && { deprecated: true, [EXTENSION.deprecation]: deprecationView(deprecation) }),
});

/** A key as a step of a JSON pointer (RFC 6901, 3). */
const step = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** The keys of the schemas in the components. Only A-Z a-z 0-9 . _ - are allowed there (OpenAPI 3.1, 4.8.7). */
function componentKeys(types: readonly EventType[]): (name: string) => string {
  const keys = new Map<string, string>();
  const taken = new Set(types.map(({ name }) => name));
  for (const { name } of types) {
    const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, "_");
    let key = plain;
    for (let number = 2; key !== name && taken.has(key); number++) key = `${plain}_${number}`;
    taken.add(key);
    keys.set(name, key);
  }
  return (name) => keys.get(name) ?? name;
}

/** A channel, a message and an operation for each event type. The schemas are in the components. */
export function exportAsyncApi(api: Api, types: readonly EventType[]): Record<string, unknown> {
  const keyOf = componentKeys(types);
  const schemas = types.flatMap(({ name, schema }) =>
    schema
      ? [
          [
            keyOf(name),
            { schemaFormat: SCHEMA_FORMAT, schema: embedded(schema, `/components/schemas/${keyOf(name)}/schema`) },
          ],
        ]
      : [],
  );
  return {
    asyncapi: "3.0.0",
    info: infoOf(api),
    defaultContentType: "application/json",
    channels: Object.fromEntries(
      types.map((type) => [
        type.name,
        { address: type.name, messages: { [type.name]: messageOf(type, keyOf(type.name)) } },
      ]),
    ),
    operations: Object.fromEntries(
      types.map(({ name }) => [`send.${name}`, { action: "send", channel: { $ref: `#/channels/${step(name)}` } }]),
    ),
    ...(schemas.length > 0 && { components: { schemas: Object.fromEntries(schemas) as Record<string, unknown> } }),
  };
}

const messageOf = (type: EventType, key: string) => ({
  name: type.name,
  ...(type.description !== undefined && { description: type.description }),
  contentType: "application/json",
  ...extensionsOf(type),
  ...(type.schema && { payload: { $ref: `#/components/schemas/${key}` } }),
  ...(type.examples && { examples: type.examples.map((payload) => ({ payload })) }),
});

/** A webhook for each event type. The schemas are in the components. */
export function exportOpenApi(api: Api, types: readonly EventType[]): Record<string, unknown> {
  const keyOf = componentKeys(types);
  const schemas = types.flatMap(({ name, schema }) =>
    schema ? [[keyOf(name), embedded(schema, `/components/schemas/${keyOf(name)}`)]] : [],
  );
  return {
    openapi: "3.1.0",
    info: infoOf(api),
    jsonSchemaDialect: DIALECT,
    webhooks: Object.fromEntries(types.map((type) => [type.name, { post: operationOf(type, keyOf(type.name)) }])),
    ...(schemas.length > 0 && { components: { schemas: Object.fromEntries(schemas) as Record<string, unknown> } }),
  };
}

function operationOf(type: EventType, key: string) {
  const { description, schema, examples } = type;
  const media = {
    ...(schema && { schema: { $ref: `#/components/schemas/${key}` } }),
    ...(examples && {
      examples: Object.fromEntries(examples.map((value, index) => [`example${index + 1}`, { value }])),
    }),
  };
  return {
    ...(description !== undefined && { description }),
    ...extensionsOf(type),
    requestBody: { required: true, content: { "application/json": media } },
    responses: { "2XX": { description: "Received" } },
  };
}

/**
 * The schema as a part of a document, at a pointer of it. References there start at the document's top, and anchors
 * become pointers. `$id` and `$schema` are removed, because they would change what the references mean.
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
