/**
 * What a JSON Schema of an event type may hold. It is JSON Schema 2020-12 without what reaches outside the schema or
 * cannot be bounded. So there is no remote `$ref`, no nested `$id` and no dynamic reference, and regular expressions
 * are RE2 only.
 */
import { RE2JS } from "re2js";
import { type SchemaFault, type Subschema, weigh } from "./schema-weight.js";

export type { SchemaFault } from "./schema-weight.js";

/** A schema that passed, in the form that is compiled: without annotations and unknown formats. */
export interface BoundedSchema {
  schema: Record<string, unknown>;
  /**
   * Subschemas and values that one place of a payload may meet, references followed. It is Infinity when the schema
   * refers to itself.
   */
  weight: number;
  /** Some list is to hold no item twice: each is compared with each. */
  comparesItems: boolean;
}

export const MAX_SCHEMA_BYTES = 256 * 1024;
const MAX_DEPTH = 64;
const MAX_VALUES = 5_000;
const MAX_PATTERN = 1_000;
/** Most faults of one payload or schema that are told. */
export const MAX_FAULTS = 20;
const FORMAT_WEIGHT = 50;
const DIALECT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

const SINGLE = [
  "additionalProperties",
  "propertyNames",
  "contains",
  "items",
  "not",
  "if",
  "then",
  "else",
  "unevaluatedItems",
  "unevaluatedProperties",
];
const LISTED = ["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED = ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];
const ASSERTIONS = [
  "type",
  "enum",
  "const",
  "multipleOf",
  "maximum",
  "exclusiveMaximum",
  "minimum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "uniqueItems",
  "maxContains",
  "minContains",
  "maxProperties",
  "minProperties",
  "required",
  "dependentRequired",
  "format",
  "$ref",
];
/** Kept and shown, without a meaning for the check. The last four are OpenAPI's. */
const ANNOTATIONS = new Set([
  "$schema",
  "$id",
  "$comment",
  "$anchor",
  "title",
  "description",
  "default",
  "deprecated",
  "readOnly",
  "writeOnly",
  "examples",
  "contentEncoding",
  "contentMediaType",
  "contentSchema",
  "discriminator",
  "xml",
  "externalDocs",
  "example",
]);
/** Whether the keyword may be part of a schema here, by its name. */
export const isKeyword = (name: string): boolean => CHECKED.has(name) || ANNOTATIONS.has(name) || name.startsWith("x-");
const CHECKED = new Set([...SINGLE, ...LISTED, ...NAMED, ...ASSERTIONS]);
/** Applied to the same place of the payload: a circle of these never ends. */
const IN_PLACE = new Set(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "$ref"]);

interface Walk {
  faults: SchemaFault[];
  nodes: Map<string, Subschema>;
  anchors: Map<string, string>;
  comparesItems: boolean;
  refs: { from: string; ref: string; holder: Record<string, unknown> }[];
  knownFormat: (name: string) => boolean;
}

/** Checks a schema against these rules. It need not be valid against the meta-schema yet. */
export function boundSchema(
  schema: Record<string, unknown>,
  knownFormat: (name: string) => boolean,
): { ok: true; bounded: BoundedSchema } | { ok: false; faults: SchemaFault[] } {
  const unbounded = outOfBounds(schema);
  if (unbounded) return { ok: false, faults: [unbounded] };
  const walk: Walk = { faults: [], nodes: new Map(), anchors: new Map(), refs: [], comparesItems: false, knownFormat };
  const copy = copyOf(walk, schema, "") as Record<string, unknown>;
  if (walk.faults.length === 0) resolveRefs(walk);
  if (walk.faults.length > 0) return { ok: false, faults: walk.faults.slice(0, MAX_FAULTS) };
  const weighed = weigh(walk.nodes);
  if ("message" in weighed) return { ok: false, faults: [weighed] };
  return { ok: true, bounded: { schema: copy, weight: weighed.weight, comparesItems: walk.comparesItems } };
}

/** One step of a JSON pointer, RFC 6901. */
export const pointerStep = (name: string): string => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;

function outOfBounds(schema: unknown): SchemaFault | undefined {
  let values = 0;
  const waiting: { value: unknown; path: string; depth: number }[] = [{ value: schema, path: "", depth: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth > MAX_DEPTH) return { path: "", message: `must be nested at most ${MAX_DEPTH} deep` };
    for (const [name, inner] of Object.entries(value)) {
      if (++values > MAX_VALUES) return { path: "", message: `must hold at most ${MAX_VALUES} values` };
      if (name === "__proto__") return { path, message: "must not have a member named __proto__" };
      waiting.push({ value: inner, path: path + pointerStep(name), depth: depth + 1 });
    }
  }
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_SCHEMA_BYTES)
    return { path: "", message: `must have at most ${MAX_SCHEMA_BYTES} bytes` };
  return undefined;
}

/**
 * A copy of the schema in which every direct subschema is what `change` makes of it. `path` is its pointer from the
 * schema.
 */
export function mapSubschemas(
  schema: Record<string, unknown>,
  change: (subschema: unknown, path: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      const path = pointerStep(keyword);
      if (SINGLE.includes(keyword) || keyword === "contentSchema") return [keyword, change(value, path)];
      if (LISTED.includes(keyword) && Array.isArray(value))
        return [keyword, value.map((inner, index) => change(inner, `${path}/${index}`))];
      if (!NAMED.includes(keyword) || !isObject(value)) return [keyword, value];
      return [
        keyword,
        Object.fromEntries(
          Object.entries(value).map(([name, inner]) => [name, change(inner, path + pointerStep(name))]),
        ),
      ];
    }),
  );
}

/** Whether a pointer within a schema leads along keywords that hold subschemas, as `mapSubschemas` visits them. */
export function isSubschemaPointer(pointer: string): boolean {
  const steps = pointer.split("/").slice(1);
  for (let keyword = steps.shift(); keyword !== undefined; keyword = steps.shift()) {
    if (NAMED.includes(keyword) || LISTED.includes(keyword)) {
      if (steps.shift() === undefined) return false;
    } else if (!SINGLE.includes(keyword) || (keyword === "items" && /^\d+$/.test(steps[0] ?? ""))) return false;
  }
  return true;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Copies a subschema without its annotations, noting what it applies and whatever is wrong with it. */
function copyOf(walk: Walk, schema: unknown, at: string): unknown {
  const node: Subschema = { own: 1, edges: [] };
  walk.nodes.set(at, node);
  if (!isObject(schema)) return schema;
  const copy: Record<string, unknown> = {};
  const below = (keyword: string, inner: unknown, path: string): unknown => {
    if (keyword !== "$defs" && keyword !== "definitions") node.edges.push({ to: path, inPlace: IN_PLACE.has(keyword) });
    return copyOf(walk, inner, path);
  };
  for (const [keyword, value] of Object.entries(schema)) {
    const path = at + pointerStep(keyword);
    const fault = faultOf(walk, keyword, value, at);
    if (fault !== undefined) walk.faults.push({ path, message: fault });
    if (fault !== undefined || ANNOTATIONS.has(keyword) || keyword.startsWith("x-")) continue;
    if (keyword === "format" && !walk.knownFormat(String(value))) continue;
    if (keyword === "$ref") walk.refs.push({ from: at, ref: String(value), holder: copy });
    if (SINGLE.includes(keyword)) copy[keyword] = below(keyword, value, path);
    else if (LISTED.includes(keyword) && Array.isArray(value))
      copy[keyword] = value.map((inner, index) => below(keyword, inner, `${path}/${index}`));
    else if (NAMED.includes(keyword) && isObject(value)) {
      copy[keyword] = Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, below(keyword, inner, path + pointerStep(name))]),
      );
      if (keyword === "patternProperties")
        for (const name of Object.keys(value)) node.own += noteRegExp(walk, name, path + pointerStep(name));
    } else {
      copy[keyword] = value;
      node.own += Array.isArray(value) ? value.length : 1;
      if (keyword === "pattern") node.own += noteRegExp(walk, value, path);
      if (keyword === "format") node.own += FORMAT_WEIGHT;
      if (keyword === "uniqueItems") walk.comparesItems = true;
    }
  }
  return copy;
}

/** What is wrong with a keyword whatever else the meta-schema says about it. */
function faultOf(walk: Walk, keyword: string, value: unknown, at: string): string | undefined {
  if (
    keyword === "$dynamicRef" ||
    keyword === "$dynamicAnchor" ||
    keyword === "$recursiveRef" ||
    keyword === "$recursiveAnchor"
  )
    return "is not supported; use $ref";
  if (keyword === "$id" && at !== "") return "is supported at the top only";
  if (keyword === "$schema" && (at !== "" || typeof value !== "string" || !DIALECT.test(value)))
    return "must be https://json-schema.org/draft/2020-12/schema, at the top";
  if (keyword === "$ref" && (typeof value !== "string" || !value.startsWith("#")))
    return "must begin with #: other documents are not fetched";
  if (keyword === "$anchor") {
    if (typeof value !== "string" || walk.anchors.has(value)) return "must be a text that no other $anchor has";
    walk.anchors.set(value, at);
    return undefined;
  }
  return isKeyword(keyword) ? undefined : "is no keyword of JSON Schema 2020-12; names of your own begin with x-";
}

/** A regular expression in RE2 (linear time, no look-around, no back-references), from the syntax of JSON Schema. */
export const compileRegExp = (pattern: string): RE2JS => RE2JS.compile(RE2JS.translateRegExp(pattern));

/** The weight of a regular expression: the size of its program. */
function noteRegExp({ faults }: Walk, pattern: unknown, path: string): number {
  if (typeof pattern !== "string") return 0;
  if (pattern.length > MAX_PATTERN) {
    faults.push({ path, message: `must have at most ${MAX_PATTERN} characters` });
    return 0;
  }
  try {
    return compileRegExp(pattern).programSize();
  } catch {
    faults.push({
      path,
      message: "is no regular expression that RE2 takes (no look-around, no back-reference, repeats up to 1,000)",
    });
    return 0;
  }
}

/** References become pointers to subschemas that are there. Anchors are left behind. */
function resolveRefs({ refs, nodes, anchors, faults }: Walk): void {
  for (const { from, ref, holder } of refs) {
    const target = ref === "#" || ref.startsWith("#/") ? pointerOf(ref) : anchors.get(ref.slice(1));
    if (target === undefined || !nodes.has(target))
      faults.push({ path: `${from}/$ref`, message: "points at no subschema of this schema" });
    else {
      holder["$ref"] = `#${encodeURI(target).replaceAll("#", "%23").replaceAll("?", "%3F")}`;
      nodes.get(from)?.edges.push({ to: target, inPlace: true });
    }
  }
}

function pointerOf(ref: string): string | undefined {
  try {
    return decodeURIComponent(ref.slice(1));
  } catch {
    return undefined;
  }
}
