/** Takes the secrets that a request carried out of what comes back, before it is recorded. */
import { createSecretSearch, type Found, merged, percentEncoded } from "./secret-search.js";

export const MASK = "(secret)";

export interface SecretMask {
  /** So many bytes beyond a cut must be known, so that a secret which the cut would split is seen whole. */
  readonly margin: number;
  /** A header's value with the secrets masked. */
  text(value: string): string;
  /** At most `limit` bytes of a body with the secrets masked. `more` says that the body went on. */
  body(bytes: Uint8Array, limit: number, more: boolean): { bytes: Uint8Array; truncated: boolean };
}

/** What a request carried. */
export interface Secrets {
  /**
   * Anything as short as `on` stands in every answer. Below eight bytes a value is masked only where it is a whole
   * header or field.
   */
  values: readonly string[];
  /** Never masked below eight bytes. */
  longValues: readonly string[];
}

const SHORT_BYTES = 8;
/** More is not read beyond a cut. A secret that is longer is masked as far as it was read. */
const MAX_MARGIN = 32 * 1024;

/** A mask for these secrets, undefined when there are none. */
export function createSecretMask({ values, longValues }: Secrets): SecretMask | undefined {
  const isLong = (value: string): boolean => Buffer.byteLength(value) >= SHORT_BYTES;
  const long = [...new Set([...values, ...longValues])].filter(isLong);
  const short = [
    ...new Set(
      values
        .filter((value) => value !== "" && !isLong(value))
        .flatMap((value) => [value, Buffer.from(value).toString("base64"), percentEncoded(value)]),
    ),
  ];
  if (long.length === 0 && short.length === 0) return undefined;
  const search = createSecretSearch(long);
  const find = (bytes: Buffer, more: boolean): Found[] =>
    merged([...(long.length > 0 ? search.find(bytes, more) : []), ...short.flatMap((value) => fieldsOf(bytes, value))]);
  return {
    margin: Math.min(search.longest, MAX_MARGIN),
    text(value) {
      if (short.includes(value.trim())) return MASK;
      const encoding = /^[\u0000-\u00ff]*$/.test(value) ? "latin1" : "utf8";
      const bytes = Buffer.from(value, encoding);
      const found = find(bytes, false);
      return found.length === 0 ? value : covered(bytes, found, Infinity).toString(encoding);
    },
    body(given, limit, more) {
      const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
      const found = find(bytes, more);
      const masked = found.length === 0 ? bytes : covered(bytes, found, limit);
      return { bytes: masked.subarray(0, limit), truncated: more || masked.byteLength > limit };
    },
  };
}

/** The bytes with a mask in the place of what was found. It ends soon after `enough` bytes. */
function covered(bytes: Buffer, found: readonly Found[], enough: number): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  let size = 0;
  for (const { start, end } of found) {
    if (size > enough) break;
    parts.push(bytes.subarray(from, start), Buffer.from(MASK));
    size += start - from + MASK.length;
    from = end;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}

/** What stands before and behind the value of a field: in JSON, a form, markup, a line, or the whole text. */
const BEFORE = new Set(Buffer.from("\"'=>\n:"));
const BEHIND = new Set(Buffer.from("\"'&;<,}\r\n"));
const [SPACE, COLON, EQUALS] = [0x20, 0x3a, 0x3d] as const;

/** Where the value is all that a field holds. */
function fieldsOf(bytes: Buffer, value: string): Found[] {
  const needle = Buffer.from(value);
  const found: Found[] = [];
  for (let start = bytes.indexOf(needle); start >= 0; start = bytes.indexOf(needle, start + 1)) {
    const end = start + needle.length;
    if (begins(bytes, start) && (end === bytes.length || BEHIND.has(bytes[end] as number))) found.push({ start, end });
  }
  return found;
}

function begins(bytes: Buffer, at: number): boolean {
  if (at === 0 || BEFORE.has(bytes[at - 1] as number)) return true;
  return bytes[at - 1] === SPACE && (bytes[at - 2] === COLON || bytes[at - 2] === EQUALS);
}
