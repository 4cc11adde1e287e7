/**
 * The escapes of URLs, JSON and HTML, undone byte by byte. A secret may be written with them in an endpoint's answer.
 */

/**
 * What an escape at a place of the text means, and how many bytes of the text it takes. `means` is undefined where the
 * end of the text cuts the escape off. The whole is undefined where no escape stands.
 */
export type Escape = (bytes: Buffer, at: number) => { length: number; means: Buffer | undefined } | undefined;

const [PERCENT, BACKSLASH, AMPERSAND, PLUS, CR, LF, SEMICOLON] = [0x25, 0x5c, 0x26, 0x2b, 0x0d, 0x0a, 0x3b] as const;
/** Value of each byte as a hexadecimal digit, 255 for a byte that is none. */
const DIGITS = Uint8Array.from({ length: 256 }, (_each, byte) =>
  /[0-9A-Fa-f]/.test(String.fromCharCode(byte)) ? Number.parseInt(String.fromCharCode(byte), 16) : 255,
);

function hexOf(bytes: Buffer, at: number, digits: number): number | undefined {
  let value = 0;
  for (let index = at; index < at + digits; index++) {
    const digit = DIGITS[bytes[index] ?? 0] ?? 255;
    if (digit === 255) return undefined;
    value = value * 16 + digit;
  }
  return value;
}
/** An escape that the end of the text cuts off means nothing. */
const CUT = { length: 12, means: undefined };
/** Made once. An escape of its own for each of 16,000 in an answer would cost the answer's time over again. */
const BYTES = Array.from({ length: 256 }, (_each, byte) => Buffer.of(byte));
const oneByte = (length: number, byte: number) => ({ length, means: BYTES[byte] });

/** RFC 3986, 2.1. */
function percent(bytes: Buffer, at: number): ReturnType<Escape> {
  if (at + 3 > bytes.length) return CUT;
  const byte = hexOf(bytes, at + 1, 2);
  return byte === undefined ? undefined : oneByte(3, byte);
}

/** application/x-www-form-urlencoded, where a plus is a space. */
const form: Escape = (bytes, at) => (bytes[at] === PLUS ? oneByte(1, 0x20) : percent(bytes, at));

/** Letter behind the backslash -> what it means. */
const SHORT_ESCAPES = new Map(
  [
    ["b", 8],
    ["f", 12],
    ["n", LF],
    ["r", CR],
    ["t", 9],
    ['"', 0x22],
    ["'", 0x27],
    ["/", 0x2f],
    ["\\", BACKSLASH],
  ].map(([letter, byte]) => [String(letter).charCodeAt(0), Number(byte)]),
);
const [U, X] = [0x75, 0x78] as const;

/** RFC 8259, 7, and `\x7e`, as programs print text. */
function backslash(bytes: Buffer, at: number): ReturnType<Escape> {
  const kind = bytes[at + 1];
  if (kind === undefined) return CUT;
  const short = SHORT_ESCAPES.get(kind);
  if (short !== undefined) return oneByte(2, short);
  if (kind !== U && kind !== X) return undefined;
  const digits = kind === U ? 4 : 2;
  if (at + 2 + digits > bytes.length) return CUT;
  const unit = hexOf(bytes, at + 2, digits);
  if (unit === undefined) return undefined;
  if (kind === X || unit < 0x80) return oneByte(2 + digits, unit);
  const low =
    unit >= 0xd800 && unit < 0xdc00 && bytes[at + 6] === BACKSLASH && bytes[at + 7] === U
      ? hexOf(bytes, at + 8, 4)
      : undefined;
  return low === undefined
    ? { length: 6, means: Buffer.from(String.fromCharCode(unit)) }
    : { length: 12, means: Buffer.from(String.fromCharCode(unit, low)) };
}

const NAMED = new Map(
  [
    ["amp", "&"],
    ["lt", "<"],
    ["gt", ">"],
    ["quot", '"'],
    ["apos", "'"],
    ["nbsp", "\u00a0"],
  ].map(([name, means]) => [name, Buffer.from(String(means))]),
);

/** Character references of HTML and XML. */
function entity(bytes: Buffer, at: number): ReturnType<Escape> {
  let end = at + 1;
  while (end < at + 10 && bytes[end] !== SEMICOLON) end++;
  if (bytes[end] !== SEMICOLON) return undefined;
  const name = bytes.toString("latin1", at + 1, end);
  const means = name.startsWith("#") ? character(name.slice(1)) : NAMED.get(name);
  return means && { length: end + 1 - at, means };
}

function character(digits: string): Buffer | undefined {
  const point = /^x[0-9a-f]+$/i.test(digits)
    ? Number.parseInt(digits.slice(1), 16)
    : /^\d+$/.test(digits)
      ? Number(digits)
      : Infinity;
  return point < 0x80 ? BYTES[point] : point <= 0x10ffff ? Buffer.from(String.fromCodePoint(point)) : undefined;
}

/** Base64 is often broken into lines. */
const lineBreak: Escape = () => ({ length: 1, means: undefined });

/** Each kind of escape, with the bytes of which one begins it. */
export const ESCAPES: readonly (readonly [marks: readonly number[], escape: Escape])[] = [
  [[PERCENT], percent],
  [[BACKSLASH], backslash],
  [[AMPERSAND], entity],
  [[CR, LF], lineBreak],
];
/** In a form a space may be written as a plus. */
export const FORM_ESCAPE: (typeof ESCAPES)[number] = [[PERCENT, PLUS], form];
