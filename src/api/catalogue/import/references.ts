/** References within a document, and schemas made self-contained. Nothing outside the document is ever fetched. */
import { isObject, isSubschemaPointer, mapSubschemas, pointerStep } from "../../../catalogue/json-schema.js";
import type { FieldError } from "../../http/errors.js";
import { modernise, type Warn } from "./modern-schema.js";

/** A value with the JSON pointer to its place. */
export interface Located {
  value: unknown;
  at: string;
}
export type ReadResult<T> = { ok: true; value: T } | { ok: false; errors: FieldError[] };
export const fault = (path: string, message: string): { ok: false; errors: FieldError[] } => ({
  ok: false,
  errors: [{ path, message }],
});

const MAX_HOPS = 32;
/**
 * So many subschemas may one bundled schema have. A schema with more is refused when it is compiled
 * (src/catalogue/json-schema.ts).
 */
const MAX_SUBSCHEMAS = 5_000;

/** Why a reference leads nowhere. */
const unresolved = (ref: string): string =>
  ref.startsWith("#")
    ? "points at nothing in this document"
    : "points into another document, which is not fetched: put what it points at into this one";

/** Follows a Reference Object to its target. */
export function follow(document: unknown, { value, at }: Located): ReadResult<Located> {
  let located: Located = { value, at };
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const { value: current } = located;
    if (!isObject(current) || typeof current["$ref"] !== "string") return { ok: true, value: located };
    const target = targetOf(document, current["$ref"]);
    if (target === undefined) return fault(`${located.at}/$ref`, unresolved(current["$ref"]));
    located = target;
  }
  return fault(at, "is a reference to a reference without end");
}

/** What a reference within the document points at. */
function targetOf(document: unknown, ref: string): Located | undefined {
  if (ref === "#") return { value: document, at: "" };
  if (!ref.startsWith("#/")) return undefined;
  let pointer: string;
  try {
    pointer = decodeURIComponent(ref.slice(1));
  } catch {
    return undefined;
  }
  let value: unknown = document;
  for (const step of pointer.slice(1).split("/")) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return { value, at: pointer };
}

/**
 * What a reference within a schema points at. Many schemas were documents of their own and refer to their own
 * `definitions`, or to themselves by `#`. So what the document does not have is looked for in the schema.
 */
function targetInSchema(document: unknown, ref: string, root: Located): Located | undefined {
  if (ref === "#") return root;
  const target = targetOf(document, ref);
  if (target) return target;
  const own = targetOf(root.value, ref);
  return own && { ...own, at: root.at + own.at };
}

/**
 * The schema with everything that it refers to under `$defs`, where its references then point. A schema that is only a
 * reference becomes its target. Keywords of earlier drafts are rewritten.
 */
export function bundle(document: unknown, root: Located, warn: Warn): ReadResult<Record<string, unknown>> {
  const start: ReadResult<Located> = onlyReference(root.value) ? follow(document, root) : { ok: true, value: root };
  if (!start.ok) return start;
  const {
    value: { value: top, at: topAt },
  } = start;
  const errors: FieldError[] = [];
  const places = new Map<string, string>([[topAt, ""]]);
  const waiting: { located: Located; name: string }[] = [];
  const own = isObject(top) && isObject(top["$defs"]) ? Object.keys(top["$defs"]) : [];
  const names = new Set(own);
  let copied = 0;

  function placeOf(target: Located): string {
    for (const [at, place] of places) {
      if (target.at === at || (target.at.startsWith(`${at}/`) && isSubschemaPointer(target.at.slice(at.length))))
        return place + target.at.slice(at.length);
    }
    const name = freeName(names, target.at);
    const place = `/$defs${pointerStep(name)}`;
    places.set(target.at, place);
    waiting.push({ located: target, name });
    return place;
  }
  function copy(schema: unknown, at: string, root: Located): unknown {
    if (!isObject(schema) || ++copied > MAX_SUBSCHEMAS) return schema;
    const inner = mapSubschemas(modernise(schema, at, at === topAt, warn), (subschema, path) =>
      copy(subschema, at + path, root),
    );
    if (typeof inner["$ref"] !== "string") return inner;
    const target = targetInSchema(document, inner["$ref"], root);
    if (!target) errors.push({ path: `${at}/$ref`, message: unresolved(inner["$ref"]) });
    return target ? { ...inner, $ref: `#${encodeURI(placeOf(target))}` } : inner;
  }

  const bundled = copy(top, topAt, { value: top, at: topAt });
  if (typeof bundled === "boolean") return { ok: true, value: bundled ? {} : { not: {} } };
  if (!isObject(bundled)) return fault(topAt, "must be a schema");
  const defs: Record<string, unknown> = isObject(bundled["$defs"]) ? { ...bundled["$defs"] } : {};
  for (let next = waiting.shift(); next && errors.length === 0 && copied <= MAX_SUBSCHEMAS; next = waiting.shift())
    defs[next.name] = copy(next.located.value, next.located.at, next.located);
  if (copied > MAX_SUBSCHEMAS)
    return fault(topAt, `has more than ${MAX_SUBSCHEMAS} subschemas when what it refers to is written out`);
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, value: Object.keys(defs).length === 0 ? bundled : { ...bundled, $defs: defs } };
}

const onlyReference = (value: unknown): boolean =>
  isObject(value) && typeof value["$ref"] === "string" && Object.keys(value).length === 1;

function freeName(names: Set<string>, at: string): string {
  const base = (at.split("/").at(-1) ?? "").replaceAll(/[^A-Za-z0-9._-]/g, "_") || "schema";
  let name = base;
  for (let number = 2; names.has(name) || name === "__proto__"; number++) name = `${base}_${number}`;
  names.add(name);
  return name;
}
