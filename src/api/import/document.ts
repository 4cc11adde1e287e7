/** From the bytes of a JSON or YAML document to plain JSON values, bounded whatever the bytes are. */
import { isUtf8 } from "node:buffer";
import { parse, YAMLParseError } from "yaml";
import type { Watchdog } from "../../activities/watchdog.js";
import { findUnfit, type JsonBounds, type Parsed, parseAdministrativeJson } from "../body.js";
import { type FieldError, refuse } from "../errors.js";

export const DOCUMENT_LIMIT_BYTES = 1024 * 1024;
const BOUNDS: JsonBounds = { depth: 100, values: 100_000 };
/** After aliases have been written out. */
const EXPANDED_BYTES = 8 * 1024 * 1024;
const PARSE_LIMIT_MS = 5_000;
/** Each use of an anchor counts, those within it multiplied. */
const MAX_ALIASES = 100;

export const JSON_TYPES = /^application\/(json|[a-z0-9.+-]+\+json)[ \t]*(;[ \t]*charset=("utf-8"|utf-8)[ \t]*)?$/i;
export const YAML_TYPES = /^(application|text)\/(yaml|x-yaml|[a-z0-9.+-]+\+yaml)[ \t]*(;[ \t]*charset=("utf-8"|utf-8)[ \t]*)?$/i;

const refused = (path: string, message: string): Parsed => ({ ok: false, refusal: refuse("document_refused", undefined, { errors: [{ path, message } satisfies FieldError] }) });

export const parseJsonDocument = (bytes: Buffer): Parsed => parseAdministrativeJson(bytes, BOUNDS);

/** YAML 1.2 core: no tags of its own, no merge keys, names once. What the parser says is not repeated: it quotes the text. */
export function parseYamlDocument(bytes: Buffer, watchdog: Watchdog): Parsed {
  if (!isUtf8(bytes)) return refused("", "is not UTF-8");
  try {
    const parsed = watchdog(() => parse(bytes.toString("utf8"), { schema: "core", strict: true, uniqueKeys: true, maxAliasCount: MAX_ALIASES, logLevel: "error", prettyErrors: false }) as unknown, PARSE_LIMIT_MS);
    if (!parsed.ok) return refused("", "takes too long to read");
    const errors = findUnfit(parsed.value, BOUNDS);
    if (errors.length > 0) return { ok: false, refusal: refuse("document_refused", undefined, { errors }) };
    const json = JSON.stringify(parsed.value) as string | undefined;
    if (json === undefined || json.length > EXPANDED_BYTES) return refused("", "is too large when its aliases are written out");
    return { ok: true, value: JSON.parse(json) as unknown };
  } catch (error) {
    if (error instanceof RangeError) return refused("", "is nested too deeply");
    if (error instanceof YAMLParseError) return refused("", `is not valid YAML at character ${error.pos[0]}`);
    // What is left is the parser's refusal of too many aliases, or of one without its anchor.
    if (error instanceof ReferenceError) return refused("", `uses aliases without their anchor, or more than ${MAX_ALIASES} times`);
    throw error;
  }
}
