/** Which members of a payload a filter names, and whether the schema or the examples of an event type know them. */
import type { EventType } from "../store/model.js";
import type { CelLoop as Loop, CelNode as Node } from "./cel.js";
import { compileRegExp, isObject } from "./json-schema.js";

/** An element of a list, or the member of a name that only the payload decides. */
const ANY = Symbol("any");
type Step = string | typeof ANY;

/** A member of the payload that a filter names. */
export interface NamedField {
  /** Into the filter's text. */
  offset: number;
  path: readonly Step[];
}

/** What the variables of loops stand for. */
type Scope = ReadonlyMap<string, readonly Step[]>;

/** The members of `data` that a type-checked tree names, each once. */
export function fieldsOf(root: Node): NamedField[] {
  const found = new Map<string, NamedField>();
  const note = (given: readonly Step[], offset: number): void => {
    // Of an element the list is what has a name.
    const path = given.slice(0, given.findLastIndex((step) => step !== ANY) + 1);
    const key = fieldName(path);
    if (path.length > 0 && !found.has(key)) found.set(key, { offset, path });
  };
  visit(root, new Map([["data", []]]), note);
  return [...found.values()];
}

function visit(given: Node, scope: Scope, note: (path: readonly Step[], offset: number) => void): void {
  const node = given.meta.alternate ?? given;
  const path = pathOf(node, scope);
  if (path) note(path, node.start);
  if (node.op === "comprehension") {
    const { iterVarName, iterable, init, step } = node.args as Loop;
    visit(iterable, scope, note);
    visit(init, scope, note);
    const over = pathOf(iterable.meta.alternate ?? iterable, scope);
    const inner = new Map(scope);
    if (over) inner.set(iterVarName, [...over, ANY]);
    else inner.delete(iterVarName);
    return visit(step, inner, note);
  }
  if (node.op === "in") {
    const [name, container] = node.args as [Node, Node];
    const inside = pathOf(container, scope);
    if (inside && name.op === "value" && typeof name.args === "string") note([...inside, name.args], container.start);
  }
  // The beginnings of a path are named with it. Only what is computed within its brackets names others.
  const inner = path ? indexesOf(node) : childrenOf(node);
  for (const child of inner) visit(child, scope, note);
}

function indexesOf({ op, args }: Node): Node[] {
  if (op !== "." && op !== "[]") return [];
  const [left, index] = args as [Node, unknown];
  return [...indexesOf(left), ...(isNode(index) ? [index] : [])];
}

const isNode = (value: unknown): value is Node =>
  isObject(value) && typeof value["op"] === "string" && isObject(value["meta"]);
const childrenOf = ({ args }: Node): Node[] => (Array.isArray(args) ? args.flat(2) : [args]).filter(isNode);

function pathOf({ op, args }: Node, scope: Scope): readonly Step[] | undefined {
  if (op === "id") return scope.get(String(args));
  if (op !== "." && op !== "[]") return undefined;
  const [left, name] = args as [Node, string | Node];
  const path = pathOf(left, scope);
  if (!path) return undefined;
  if (typeof name === "string") return [...path, name];
  return [...path, name.op === "value" && typeof name.args === "string" ? name.args : ANY];
}

/** As the filter writes it, `data.items[].sku`. */
export const fieldName = (path: readonly Step[]): string =>
  path.reduce<string>((name, step) => name + (step === ANY ? "[]" : `.${step}`), "data");

/**
 * Whether payloads of the type are known to have this member. Of a type without schema and examples nothing is known,
 * so that it is not asked.
 */
export function knowsField(
  { schema, examples = [] }: Pick<EventType, "schema" | "examples">,
  { path }: NamedField,
): boolean {
  if (!schema && examples.length === 0) return true;
  return (schema !== undefined && isDescribed(schema, path)) || examples.some((example) => isThere([example], path));
}

function isThere(values: readonly unknown[], [step, ...rest]: readonly Step[]): boolean {
  if (step === undefined) return true;
  const inner = values.flatMap((value) => inside(value, step));
  return inner.length > 0 && isThere(inner, rest);
}

/**
 * What a payload has at the field, at most so many values. Of a list it is what its elements have. Nothing where the
 * payload has no such member.
 */
export function valuesAt(data: unknown, { path }: Pick<NamedField, "path">, most: number): unknown[] {
  let values: unknown[] = [data];
  for (const step of path) values = values.flatMap((value) => inside(value, step)).slice(0, most);
  return values;
}

function inside(value: unknown, step: Step): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (step === ANY) return Object.values(value) as unknown[];
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}

const COMBINED = ["allOf", "anyOf", "oneOf"] as const;
const CONDITIONAL = ["if", "then", "else"] as const;

function isDescribed(root: Record<string, unknown>, path: readonly Step[]): boolean {
  let here: unknown[] = [root];
  for (const step of path) {
    const schemas = applied(root, here);
    // Where a schema names no members, it says nothing about any.
    if (
      !schemas.some(
        (schema) =>
          ["properties", "patternProperties", "items", "prefixItems"].some((keyword) => keyword in schema) ||
          isObject(schema["additionalProperties"]),
      )
    )
      return true;
    here = schemas.flatMap((schema) => membersOf(schema, step));
    if (here.length === 0) return false;
  }
  return true;
}

/** The subschemas that hold for the same value, references within the schema followed. */
function applied(root: Record<string, unknown>, schemas: readonly unknown[]): Record<string, unknown>[] {
  const found = new Set<Record<string, unknown>>();
  const waiting = [...schemas];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (!isObject(next) || found.has(next)) continue;
    found.add(next);
    for (const keyword of COMBINED) if (Array.isArray(next[keyword])) waiting.push(...(next[keyword] as unknown[]));
    for (const keyword of CONDITIONAL) waiting.push(next[keyword]);
    if (isObject(next["dependentSchemas"])) waiting.push(...Object.values(next["dependentSchemas"]));
    if (typeof next["$ref"] === "string") waiting.push(targetOf(root, next["$ref"]));
  }
  return [...found];
}

/** An anchor, or a pointer to nothing, stands for a schema that says nothing. */
function targetOf(root: Record<string, unknown>, ref: string): unknown {
  if (ref === "#") return root;
  let value: unknown = ref.startsWith("#/") ? root : {};
  for (const step of ref.startsWith("#/") ? ref.slice(2).split("/") : []) {
    const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : {};
  }
  return value;
}

function membersOf(schema: Record<string, unknown>, step: Step): unknown[] {
  const { properties, patternProperties, additionalProperties, items, prefixItems } = schema;
  const named = isObject(properties) ? properties : {};
  const patterns = isObject(patternProperties) ? Object.entries(patternProperties) : [];
  const others = isObject(additionalProperties) ? [additionalProperties] : [];
  if (step === ANY)
    return [
      ...Object.values(named),
      ...patterns.map(([, value]) => value),
      ...others,
      ...(Array.isArray(prefixItems) ? (prefixItems as unknown[]) : []),
      ...(items === undefined ? [] : [items]),
    ];
  if (Object.hasOwn(named, step)) return [named[step]];
  const matching = patterns.filter(([pattern]) => compileRegExp(pattern).test(step)).map(([, value]) => value);
  return matching.length > 0 ? matching : others;
}
