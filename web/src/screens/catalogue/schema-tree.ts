/** A JSON Schema as lines that can be read: each member with its type, whether it is needed, and its limits. */

export interface SchemaLine {
  /** The path from the payload on, without `data` and with full stops. `[]` stands for every element. */
  path: string;
  name: string;
  depth: number;
  type: string;
  required: boolean;
  description?: string;
  /** Such as `format email`, `at most 10`. */
  limits: string[];
}

/** More than a person reads. What is deeper or further down is left out, and `cut` says so. */
const DEEPEST = 12;
const MOST = 1_000;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

interface Walk {
  root: Record<string, unknown>;
  lines: SchemaLine[];
  cut: boolean;
}

export interface SchemaTree {
  lines: readonly SchemaLine[];
  cut: boolean;
}

/** The payload itself has no line. */
export function schemaTree(schema: unknown): SchemaTree {
  const walk: Walk = { root: isObject(schema) ? schema : {}, lines: [], cut: false };
  addMembers(walk, schema, "", 0);
  return { lines: walk.lines, cut: walk.cut };
}

/** Follows `$ref` within the document (`#/$defs/…`). Anything else stays as it is. */
function resolved(root: Record<string, unknown>, schema: unknown): unknown {
  let at = schema;
  for (let steps = 0; steps < DEEPEST; steps++) {
    if (!isObject(at) || typeof at["$ref"] !== "string" || !at["$ref"].startsWith("#")) return at;
    at = at["$ref"]
      .slice(1)
      .split("/")
      .filter((part) => part !== "")
      .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce<unknown>((found, part) => (isObject(found) ? found[part] : undefined), root);
  }
  return at;
}

/** Of one schema, and of all that it is put together from. */
function partsOf(root: Record<string, unknown>, schema: unknown): Record<string, unknown>[] {
  const at = resolved(root, schema);
  if (!isObject(at)) return [];
  const all = Array.isArray(at["allOf"]) ? at["allOf"] : [];
  return [at, ...all.map((each) => resolved(root, each)).filter(isObject)];
}

function addMembers(walk: Walk, schema: unknown, path: string, depth: number): void {
  for (const part of partsOf(walk.root, schema)) {
    const needed = Array.isArray(part["required"]) ? part["required"] : [];
    const { properties, items } = part;
    for (const [name, member] of isObject(properties) ? Object.entries(properties) : [])
      addLine(walk, member, {
        path: path === "" ? name : `${path}.${name}`,
        name,
        depth,
        required: needed.includes(name),
      });
    if (isObject(items)) addLine(walk, items, { path: `${path}[]`, name: "[]", depth, required: false });
  }
}

type Place = Pick<SchemaLine, "path" | "name" | "depth" | "required">;

function addLine(walk: Walk, schema: unknown, place: Place): void {
  if (walk.lines.length >= MOST || place.depth >= DEEPEST) {
    walk.cut = true;
    return;
  }
  const parts = partsOf(walk.root, schema);
  const description = parts.map((part) => part["description"]).find((each) => typeof each === "string");
  walk.lines.push({
    ...place,
    type: typeOf(walk.root, parts),
    ...(description !== undefined && { description }),
    limits: parts.flatMap(limitsOf),
  });
  addMembers(walk, schema, place.path, place.depth + 1);
}

/** `oneOf` within `oneOf`, which may lead back to itself. */
const MOST_CHOICES = 4;

function typeOf(root: Record<string, unknown>, parts: readonly Record<string, unknown>[], within = 0): string {
  for (const part of parts) {
    const { type } = part;
    if (typeof type === "string") return type;
    if (Array.isArray(type)) return type.join(" or ");
    if ("const" in part) return JSON.stringify(part["const"]);
    const choices = part["oneOf"] ?? part["anyOf"];
    if (Array.isArray(choices) && within < MOST_CHOICES)
      return [...new Set(choices.flatMap((each) => typeOf(root, partsOf(root, each), within + 1).split(" or ")))].join(
        " or ",
      );
    if (isObject(part["properties"])) return "object";
  }
  return "any";
}

const LIMITS = [
  "format",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minItems",
  "maxItems",
  "uniqueItems",
  "default",
] as const;

/** As the schema names them: these are words of JSON Schema in every language. */
function limitsOf(part: Record<string, unknown>): string[] {
  const listed = Array.isArray(part["enum"])
    ? [`enum ${part["enum"].map((each) => JSON.stringify(each)).join(", ")}`]
    : [];
  const others = LIMITS.flatMap((name) => {
    const value = part[name];
    return value === undefined ? [] : [`${name} ${typeof value === "string" ? value : JSON.stringify(value)}`];
  });
  return [...listed, ...others, ...(part["additionalProperties"] === false ? ["additionalProperties false"] : [])];
}
