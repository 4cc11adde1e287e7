/** Reads the bytes of a JSON or YAML document into plain JSON values. The result is bounded, whatever the bytes are. */
import { isUtf8 } from "node:buffer";
import { type Document, isScalar, parseDocument as parseYamlDocument, visit, YAMLParseError } from "yaml";
import { findDuplicateMember } from "../../../catalogue/json-slice.js";
import { createWatchdog } from "../../../catalogue/watchdog.js";
import { findUnfit, type JsonBounds } from "../../http/body.js";
import { refuse, type Refusal } from "../../http/errors.js";

/** Published OpenAPI documents have several MiB, of which the webhooks are a small part. */
export const DOCUMENT_LIMIT_BYTES = 8 * 1024 * 1024;
/** A document of 8 MiB holds some 500,000 values. */
const BOUNDS: JsonBounds = { depth: 100, values: 1_000_000 };
/** Characters after aliases have been written out. */
const EXPANDED_CHARACTERS = 32 * 1024 * 1024;
const PARSE_LIMIT_MS = 45_000;
/** Each use of an anchor counts, those within it multiplied. */
const MAX_ALIASES = 1_000;

const PARAMETERS = /^[ \t]*(;[ \t]*(charset=("utf-?8"|utf-?8)|version=[\w.-]{1,16})[ \t]*)*$/i;
const JSON_TYPES = /^(application|text)\/(json|[a-z0-9.+-]+\+json)(?=[ \t;]|$)/i;
const YAML_TYPES = /^(application|text)\/(yaml|x-yaml|vnd\.yaml|[a-z0-9.+-]+\+yaml)(?=[ \t;]|$)/i;
/** Their bare names leave open which of the two it is. */
const EITHER_TYPES = /^application\/(vnd\.oai\.openapi|vnd\.aai\.asyncapi)(?=[ \t;]|$)/i;

/** `either`: a document that begins with `{` is JSON, and YAML otherwise. */
export type DocumentSyntax = "json" | "yaml" | "either";

/** How the bytes are read, by their media type. Undefined when the type is not supported. */
export function syntaxOf(mediaType: string): DocumentSyntax | undefined {
  for (const [syntax, pattern] of [
    ["json", JSON_TYPES],
    ["yaml", YAML_TYPES],
    ["either", EITHER_TYPES],
  ] as const) {
    const [found] = pattern.exec(mediaType) ?? [];
    if (found !== undefined && PARAMETERS.test(mediaType.slice(found.length))) return syntax;
  }
  return undefined;
}

export type ParsedDocument = { ok: true; value: unknown } | { ok: false; refusal: Refusal };

const refused = (path: string, message: string): ParsedDocument => ({
  ok: false,
  refusal: refuse("document_refused", undefined, { errors: [{ path, message }] }),
});

const watchdog = createWatchdog();

/** Reads the document. A byte order mark is removed, because Windows writes one. */
export function parseDocument(bytes: Uint8Array, syntax: DocumentSyntax): ParsedDocument {
  if (!isUtf8(bytes)) return refused("", "is not UTF-8");
  const text = new TextDecoder().decode(bytes);
  const isJson = syntax === "json" || (syntax === "either" && text.trimStart().startsWith("{"));
  return isJson ? parseJson(text) : parseYaml(text);
}

function parseJson(text: string): ParsedDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, refusal: refuse("malformed_json") };
  }
  const errors = findUnfit(value, BOUNDS);
  if (errors.length > 0) return { ok: false, refusal: refuse("invalid_request", undefined, { errors }) };
  return findDuplicateMember(Buffer.from(text)) === undefined
    ? { ok: true, value }
    : { ok: false, refusal: refuse("duplicate_member") };
}

/**
 * YAML 1.2 core with merge keys (`<<`). It allows no tags and no name twice. The parser's message is not repeated,
 * because it quotes the text.
 */
function parseYaml(text: string): ParsedDocument {
  try {
    const parsed = watchdog(() => valueOfYaml(text), PARSE_LIMIT_MS);
    if (!parsed.ok) return refused("", "takes too long to read");
    const errors = findUnfit(parsed.value, BOUNDS);
    if (errors.length > 0) return { ok: false, refusal: refuse("document_refused", undefined, { errors }) };
    if (charactersOf(parsed.value) > EXPANDED_CHARACTERS)
      return refused("", "is too large when its aliases are written out");
    const json = JSON.stringify(parsed.value) as string | undefined;
    return json === undefined ? refused("", "holds nothing") : { ok: true, value: JSON.parse(json) as unknown };
  } catch (error) {
    if (error instanceof RangeError) return refused("", "is nested too deeply");
    if (error instanceof YAMLParseError) return refused("", yamlFault(error));
    // The only other errors are three refusals of the parser. They are too many aliases, an alias without its anchor,
    // and a merge with something other than a map.
    if (error instanceof ReferenceError)
      return refused("", `uses aliases without their anchor, or more than ${MAX_ALIASES} times`);
    if (error instanceof Error && /^Merge sources must be/.test(error.message))
      return refused("", "merges (<<) something that is not a map");
    throw error;
  }
}

function yamlFault({ code, pos: [at] }: YAMLParseError): string {
  if (code === "MULTIPLE_DOCS") return `holds several YAML documents, the second at character ${at}: send one of them`;
  const what: Partial<Record<typeof code, string>> = {
    DUPLICATE_KEY: ": a name is there twice",
    TAB_AS_INDENT: ": a tab stands where only blanks may",
  };
  return `is not valid YAML at character ${at}${what[code] ?? ""}`;
}

/** @throws YAMLParseError, RangeError, ReferenceError: see parseYaml */
function valueOfYaml(text: string): unknown {
  // The parser's own look for repeated names compares each with all before it. 100,000 names took over 45 s of CPU, and
  // take 3 now.
  // Tools that join files end each one with `---`, also the last.
  const document = parseYamlDocument(text.replace(/\n---\s*$/, "\n"), {
    schema: "core",
    merge: true,
    strict: true,
    uniqueKeys: false,
    logLevel: "error",
    prettyErrors: false,
  });
  const [error] = document.errors;
  if (error) throw error;
  refuseRepeatedNames(document);
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}

/** Names that JSON would not keep apart, such as `1` and `"1"`, count as one. @throws YAMLParseError */
function refuseRepeatedNames(document: Document.Parsed): void {
  visit(document, {
    Map(_key, { items }) {
      const names = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const at = key.range?.[0] ?? 0;
        if (names.has(name)) throw new YAMLParseError([at, at + 1], "DUPLICATE_KEY", "A name is there twice");
        names.add(name);
      }
    },
  });
}

/**
 * Of all texts and names, those behind aliases as often as they are used. `findUnfit` has bounded how many values there
 * are.
 */
function charactersOf(root: unknown): number {
  let characters = 0;
  const waiting = [root];
  while (waiting.length > 0 && characters <= EXPANDED_CHARACTERS) {
    const value = waiting.pop();
    if (typeof value === "string") characters += value.length;
    if (typeof value !== "object" || value === null) continue;
    for (const [name, inner] of Object.entries(value)) {
      characters += name.length;
      waiting.push(inner);
    }
  }
  return characters;
}
