/** Reading request bodies: raw bytes with a limit, then JSON as strictly as the contract says. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { findDuplicateMember } from "../../catalogue/json-slice.js";
import { refuse, type FieldError, type Refusal } from "./errors.js";
import { beginBody } from "./unread-body.js";

/** Of an administrative request. Certificates and a JSON Schema fit in. */
export const ADMINISTRATIVE_LIMIT_BYTES = 1024 * 1024;
/**
 * What is above the limit is read and thrown away up to here, so that the client sees the 413 and not a broken
 * connection.
 */
const DISCARD_BYTES = 8 * 1024 * 1024;

/** How deep an administrative body may be nested, and how many values it may hold. */
export interface JsonBounds {
  depth: number;
  values: number;
}
const BOUNDS: JsonBounds = { depth: 32, values: 1_000 };
/**
 * Where a JSON Schema and examples are part of it. The schema itself has closer bounds (src/catalogue/json-schema.ts).
 */
export const SCHEMA_BOUNDS: JsonBounds = { depth: 72, values: 20_000 };

export type Body = { ok: true; bytes: Buffer } | { ok: false; refusal: Refusal };

/**
 * Reads the whole body. Resolves with `payload_too_large`, `content_encoding_unsupported` or, when the client went
 * away, `malformed_request`.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Body> {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    return Promise.resolve({ ok: false, refusal: refuse("content_encoding_unsupported") });
  }
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limitBytes + DISCARD_BYTES) return Promise.resolve(tooLarge(limitBytes));
  beginBody(request);
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= limitBytes) return void chunks.push(chunk);
      chunks = [];
      if (size > limitBytes + DISCARD_BYTES) resolve(tooLarge(limitBytes));
    });
    request.on("end", () => {
      if (size > limitBytes) return resolve(tooLarge(limitBytes));
      const [first] = chunks;
      resolve({ ok: true, bytes: chunks.length === 1 && first ? first : Buffer.concat(chunks) });
    });
    const gone = () =>
      resolve({
        ok: false,
        refusal: refuse("malformed_request", "The connection ended before the body was complete."),
      });
    request.on("error", gone);
    request.on("close", gone);
  });
}

const tooLarge = (limitBytes: number): Body => ({
  ok: false,
  refusal: refuse("payload_too_large", `At most ${limitBytes} bytes are taken here.`, {
    headers: { connection: "close" },
  }),
});

/**
 * `application/json`, alone or with charset=utf-8. Some write `utf8`, and some leave a semicolon without a parameter.
 */
const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*(?:charset=(?:"utf-?8"|utf-?8)[ \t]*)?)*$/i;
export function refuseUnlessJson(contentType: string | undefined): Refusal | undefined {
  return contentType === "application/json" || (contentType !== undefined && JSON_TYPE.test(contentType))
    ? undefined
    : refuse("unsupported_media_type");
}

export type Parsed = { ok: true; value: unknown } | { ok: false; refusal: Refusal };

/** Parses JSON in UTF-8 without a byte order mark. What the parser says is not repeated: it quotes the text. */
export function parseJson(bytes: Buffer): Parsed {
  if (!isUtf8(bytes)) return { ok: false, refusal: refuse("malformed_json", "The body is not UTF-8.") };
  try {
    return { ok: true, value: JSON.parse(bytes.toString("utf8")) as unknown };
  } catch {
    return { ok: false, refusal: refuse("malformed_json") };
  }
}

/**
 * Parses the body of an administrative request: also no duplicate names, bounded depth and keys, and no text that is
 * not well-formed.
 */
export function parseAdministrativeJson(bytes: Buffer, bounds = BOUNDS): Parsed {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const errors = findUnfit(parsed.value, bounds);
  if (errors.length > 0) return { ok: false, refusal: refuse("invalid_request", undefined, { errors }) };
  if (findDuplicateMember(bytes) !== undefined) return { ok: false, refusal: refuse("duplicate_member") };
  return parsed;
}

/**
 * What of a value cannot be stored or walked through: text that is not well-formed, too deep a nesting, too many
 * values.
 */
export function findUnfit(root: unknown, bounds: JsonBounds): FieldError[] {
  let keys = 0;
  const waiting: { value: unknown; path: string; depth: number }[] = [{ value: root, path: "", depth: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path, depth } = next;
    if (typeof value === "string" && !isFit(value))
      return [{ path, message: "must be well-formed Unicode without NUL" }];
    if (typeof value !== "object" || value === null) continue;
    if (depth > bounds.depth) return [{ path: "", message: `must be nested at most ${bounds.depth} deep` }];
    for (const [key, inner] of Object.entries(value)) {
      if (++keys > bounds.values) return [{ path: "", message: `must hold at most ${bounds.values} values` }];
      if (!isFit(key)) return [{ path, message: "must have names of well-formed Unicode without NUL" }];
      waiting.push({
        value: inner,
        path: Array.isArray(value) ? `${path}[${key}]` : path === "" ? shortened(key) : `${path}.${shortened(key)}`,
        depth: depth + 1,
      });
    }
  }
  return [];
}

/** A lone surrogate cannot be stored as UTF-8, NUL not as a field of the store. */
const isFit = (text: string): boolean => !/[\u0000\ud800-\udfff]/u.test(text);
const shortened = (name: string): string => (name.length <= 64 ? name : `${name.slice(0, 64)}…`);
