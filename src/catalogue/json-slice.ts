/**
 * Finds the raw bytes of a member in a JSON text, so that a payload is signed and sent exactly as it was published. To
 * parse and serialise it again would change 2^53+1, 1e999, lone surrogates, spacing and duplicate keys.
 *
 * The scanner relies on `JSON.parse` having accepted the text: it checks nothing but duplicate names.
 */

const QUOTE = 0x22,
  BACKSLASH = 0x5c,
  COMMA = 0x2c,
  OBJECT = 0x7b,
  OBJECT_END = 0x7d,
  ARRAY = 0x5b,
  ARRAY_END = 0x5d;

/** The bytes of the value of `member` in the root object. Undefined if it has none, or has it twice. */
export function memberBytes(json: Uint8Array, member: string): Uint8Array | undefined {
  const found = sliceMember(json, member);
  const span = found.ok ? found.spans[0] : undefined;
  return span && json.subarray(span.start, span.end);
}

/** Offsets of a value, `end` exclusive. */
export interface Span {
  start: number;
  end: number;
}

export type SliceResult =
  /**
   * One entry for a root object, or one per element of a root array. An entry is undefined where there is no such
   * member.
   */
  | { ok: true; spans: (Span | undefined)[] }
  /** `index` is the array element, absent for a root object. */
  | { ok: false; duplicate: string; index?: number };

/**
 * Where the value of `member` stands in the root object, or in each object of the root array.
 * @param json UTF-8 bytes that JSON.parse accepts
 */
export function sliceMember(json: Uint8Array, member: string): SliceResult {
  const start = skipSpace(json, 0);
  if (json[start] === OBJECT) {
    const found = scanObject(json, start, member);
    return "duplicate" in found ? { ok: false, duplicate: found.duplicate } : { ok: true, spans: [found.span] };
  }
  if (json[start] !== ARRAY) return { ok: true, spans: [undefined] };
  const spans: (Span | undefined)[] = [];
  let at = skipSpace(json, start + 1);
  while (at < json.length && json[at] !== ARRAY_END) {
    if (json[at] === OBJECT) {
      const found = scanObject(json, at, member);
      if ("duplicate" in found) return { ok: false, duplicate: found.duplicate, index: spans.length };
      spans.push(found.span);
      at = found.end;
    } else {
      spans.push(undefined);
      at = skipValue(json, at);
    }
    at = skipSpace(json, at);
    if (json[at] === COMMA) at = skipSpace(json, at + 1);
  }
  return { ok: true, spans };
}

/**
 * Where each element of the root array stands. @param json UTF-8 bytes that JSON.parse accepts, with an array at the
 * root
 */
export function sliceElements(json: Uint8Array): Span[] {
  const spans: Span[] = [];
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (at < json.length && json[at] !== ARRAY_END) {
    const end = skipValue(json, at);
    spans.push({ start: at, end });
    at = skipSpace(json, end);
    if (json[at] === COMMA) at = skipSpace(json, at + 1);
  }
  return spans;
}

/** The first name that an object anywhere in the text has twice. */
export function findDuplicateMember(json: Uint8Array): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let at = 0;
  while (at < json.length) {
    const byte = json[at];
    if (byte === QUOTE) {
      const end = skipString(json, at);
      const names = open.at(-1);
      const colon = skipSpace(json, end);
      if (names && json[colon] === 0x3a) {
        const name = nameOf(json, at, end);
        if (names.has(name)) return name;
        names.add(name);
      }
      at = end;
      continue;
    }
    if (byte === OBJECT) open.push(new Set());
    else if (byte === ARRAY) open.push(undefined);
    else if (byte === OBJECT_END || byte === ARRAY_END) open.pop();
    at++;
  }
  return undefined;
}

function scanObject(
  json: Uint8Array,
  start: number,
  member: string,
): { span: Span | undefined; end: number } | { duplicate: string } {
  const names: string[] = [];
  let span: Span | undefined;
  let at = skipSpace(json, start + 1);
  while (at < json.length && json[at] !== OBJECT_END) {
    const nameEnd = skipString(json, at);
    const name = nameOf(json, at, nameEnd);
    // A list is enough: the schema has refused objects with more than the few names it knows.
    if (names.includes(name)) return { duplicate: name };
    names.push(name);
    const valueStart = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const valueEnd = skipValue(json, valueStart);
    if (name === member) span = { start: valueStart, end: valueEnd };
    at = skipSpace(json, valueEnd);
    if (json[at] === COMMA) at = skipSpace(json, at + 1);
  }
  return { span, end: at + 1 };
}

function nameOf(json: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(json.buffer, json.byteOffset + start, end - start).toString("utf8");
  return raw.includes("\\") ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

function skipSpace(json: Uint8Array, from: number): number {
  let at = from;
  for (let byte = json[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = json[at]) at++;
  return at;
}

/** Offset behind the closing quote of the string that begins at `from`. */
function skipString(json: Uint8Array, from: number): number {
  let at = from + 1;
  for (; at < json.length; at++) {
    const byte = json[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
  }
  return at;
}

function skipValue(json: Uint8Array, from: number): number {
  const first = json[from];
  if (first === QUOTE) return skipString(json, from);
  if (first === OBJECT || first === ARRAY) return skipNested(json, from);
  let at = from;
  for (
    let byte = json[at];
    byte !== undefined && byte > 0x20 && byte !== COMMA && byte !== OBJECT_END && byte !== ARRAY_END;
    byte = json[at]
  )
    at++;
  return at;
}

function skipNested(json: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = skipString(json, at);
      continue;
    }
    at++;
    if (byte === OBJECT || byte === ARRAY) depth++;
    else if ((byte === OBJECT_END || byte === ARRAY_END) && --depth === 0) return at;
  }
  return at;
}
