/** Schemas as published documents hold them, in the words of JSON Schema 2020-12. */
import { isKeyword, isObject, pointerStep } from "../../../catalogue/json-schema.js";

/** A part of a document that is left out or read otherwise than it is written. `path` is a JSON pointer. */
export interface ImportNotice {
  path: string;
  reason: string;
}
export type Warn = (path: string, reason: string) => void;

/** Their names say that the schema is of an earlier draft, and what differs is rewritten below. */
const EARLIER_DIALECT = /json-schema\.org\/draft-0[4-7]\/schema#?$/;
const NEWEST_DIALECT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

/**
 * One schema object without its subschemas. Keywords of drafts 4 to 7 and of OpenAPI 3.0 become those of 2020-12, and
 * valid 2020-12 stays as it is. Keywords that no draft knows are left out with a warning. An `$id` or `$schema` within
 * a schema is left out too, because references are relative to the document and not to that id.
 */
export function modernise(
  schema: Record<string, unknown>,
  at: string,
  isRoot: boolean,
  warn: Warn,
): Record<string, unknown> {
  const modern: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    const path = at + pointerStep(keyword);
    if (REWRITTEN.has(keyword)) continue;
    if (keyword === "$schema") {
      if (isRoot && typeof value === "string" && NEWEST_DIALECT.test(value)) modern[keyword] = value;
      else if (typeof value !== "string" || !(EARLIER_DIALECT.test(value) || NEWEST_DIALECT.test(value)))
        warn(path, "names a dialect that is not known; the schema is read as JSON Schema 2020-12");
    } else if (keyword === "$id" && !isRoot) warn(path, "is left out: references are resolved in the document");
    else if (isKeyword(keyword)) modern[keyword] = value;
    else warn(path, "is no keyword of JSON Schema 2020-12 and is left out");
  }
  rewriteItems(schema, modern);
  rewriteDependencies(schema, modern);
  rewriteBounds(schema, modern);
  rewriteNullable(schema, modern);
  return modern;
}

const REWRITTEN = new Set([
  "items",
  "additionalItems",
  "dependencies",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minimum",
  "maximum",
  "nullable",
]);

/** Up to 2019-09 a list of schemas was an array of `items`. */
function rewriteItems({ items, additionalItems }: Record<string, unknown>, modern: Record<string, unknown>): void {
  if (!Array.isArray(items)) {
    if (items !== undefined) modern["items"] = items;
    return;
  }
  modern["prefixItems"] = items;
  if (additionalItems !== undefined) modern["items"] = additionalItems;
}

/** Up to draft 7. */
function rewriteDependencies({ dependencies }: Record<string, unknown>, modern: Record<string, unknown>): void {
  if (!isObject(dependencies)) return;
  const entries = Object.entries(dependencies);
  const [required, schemas] = [
    entries.filter(([, value]) => Array.isArray(value)),
    entries.filter(([, value]) => !Array.isArray(value)),
  ];
  if (required.length > 0) modern["dependentRequired"] = Object.fromEntries(required);
  if (schemas.length > 0) modern["dependentSchemas"] = Object.fromEntries(schemas);
}

/** In draft 4 and OpenAPI 3.0 the exclusive bounds are flags of the others. */
function rewriteBounds(schema: Record<string, unknown>, modern: Record<string, unknown>): void {
  for (const [bound, exclusive] of [
    ["minimum", "exclusiveMinimum"],
    ["maximum", "exclusiveMaximum"],
  ] as const) {
    if (schema[exclusive] === true && schema[bound] !== undefined) modern[exclusive] = schema[bound];
    else {
      if (schema[bound] !== undefined) modern[bound] = schema[bound];
      if (schema[exclusive] !== undefined && typeof schema[exclusive] !== "boolean")
        modern[exclusive] = schema[exclusive];
    }
  }
}

/** OpenAPI 3.0's way to allow null. */
function rewriteNullable(
  { nullable, type, enum: values }: Record<string, unknown>,
  modern: Record<string, unknown>,
): void {
  if (nullable !== true) return;
  if (typeof type === "string") modern["type"] = [type, "null"];
  if (Array.isArray(values) && !values.includes(null)) modern["enum"] = [...(values as unknown[]), null];
}
