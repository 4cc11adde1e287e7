/**
 * Finds secrets in bytes that another party wrote, however they are written there. They may stand as they are, in
 * base64 at any alignment, in hex, or with the escapes of URLs, JSON or HTML. These may also stand within each other.
 * The work is bounded by the number of bytes, whatever they are.
 */
import { type Escape, ESCAPES, FORM_ESCAPE } from "./escapes.js";

/** A part of the bytes: from `start` until before `end`. */
export interface Found {
  start: number;
  end: number;
}

export interface SecretSearch {
  /** Longest way in which one of the secrets can be written, bytes. */
  readonly longest: number;
  /**
   * Where secrets stand, in order and without overlap. With `more` the bytes broke off: a secret that begins at their
   * end counts as well.
   */
  find(bytes: Buffer, more: boolean): Found[];
}

interface Pattern {
  bytes: Buffer;
  /** The character before, and the one behind, hold bits of the secret too (base64). */
  before: boolean;
  behind: boolean;
}

/** Decoded bytes, with the place in the source where each comes from. */
interface View {
  bytes: Buffer;
  /** One more than there are bytes. Undefined for the source itself. */
  starts?: Uint32Array;
  depth: number;
}

/** Escapes within escapes are followed so far. */
const MAX_DEPTH = 3;
/** Views of one text. A hostile text of 48 KiB costs 13 ms of CPU with all of them, plain JSON of 23 KiB 0.5 ms. */
const MAX_VIEWS = 12;
/**
 * Bytes compared with secrets for each byte of the text. An answer that holds a secret of 4 KiB four times compares
 * one.
 */
const COMPARED_PER_BYTE = 64;
const WINDOW = 4;
const FILTER_BITS = 12;

/** Prepares a search for these secrets, each of at least eight bytes. */
export function createSecretSearch(secrets: readonly string[]): SecretSearch {
  const patterns = secrets.flatMap(patternsOf);
  const spaced = secrets.some((secret) => secret.includes(" "));
  const filter = new Uint8Array(1 << FILTER_BITS);
  const byWindow = new Map<number, Pattern[]>();
  for (const pattern of patterns) {
    const window = pattern.bytes.readUInt32LE(0);
    filter[slotOf(window)] = 1;
    const known = byWindow.get(window);
    if (known) known.push(pattern);
    else byWindow.set(window, [pattern]);
  }
  const candidates = (window: number): readonly Pattern[] =>
    filter[slotOf(window)] === 1 ? (byWindow.get(window) ?? NONE) : NONE;
  return {
    // `\u00e9`: six characters for one byte are the longest escape.
    longest: 6 * Math.max(0, ...patterns.map(({ bytes }) => bytes.byteLength)),
    find: (bytes, more) => merged(viewsOf(bytes, spaced).flatMap((view) => search(view, bytes, candidates, more))),
  };
}

const NONE: readonly Pattern[] = [];
const slotOf = (window: number): number => Math.imul(window, 0x9e3779b1) >>> (32 - FILTER_BITS);

/** As `encodeURIComponent` does it, which throws for text that is not well-formed. */
export const percentEncoded = (text: string): string => encodeURIComponent(Buffer.from(text, "utf8").toString("utf8"));

/** The ways in which a secret is looked for. Escapes are undone in the text instead. */
function patternsOf(secret: string): Pattern[] {
  const raw = Buffer.from(secret, "utf8");
  const utf16 = Buffer.from(secret, "utf16le");
  const plain = [
    raw,
    Buffer.from(secret, "latin1"),
    utf16,
    Buffer.from(utf16).swap16(),
    Buffer.from(raw.toString("hex")),
    Buffer.from(raw.toString("hex").toUpperCase()),
  ];
  // What was escaped before it was encoded cannot be seen in the text.
  const encoded = [...new Set([secret, JSON.stringify(secret).slice(1, -1), percentEncoded(secret)])];
  const all = [
    ...plain.map((bytes) => ({ bytes, before: false, behind: false })),
    ...encoded.flatMap((text) => base64Of(Buffer.from(text, "utf8"))),
  ];
  return [...new Map(all.map((pattern) => [pattern.bytes.toString("latin1"), pattern])).values()];
}

/**
 * Base64 and base64url of bytes that may stand within others: at each alignment the characters that hold nothing but
 * their bits.
 */
function base64Of(bytes: Buffer): Pattern[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const core = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.byteLength) * 8) / 6));
    const behind = ((before + bytes.byteLength) * 8) % 6 !== 0;
    return [core, core.replaceAll("+", "-").replaceAll("/", "_")].map((each) => ({
      bytes: Buffer.from(each),
      before: before > 0,
      behind,
    }));
  });
}

function search(
  { bytes, starts }: View,
  source: Buffer,
  candidates: (window: number) => readonly Pattern[],
  more: boolean,
): Found[] {
  const found: Found[] = [];
  let window = 0;
  let budget = COMPARED_PER_BYTE * bytes.length;
  for (let end = 0; end < bytes.length; end++) {
    window = (window >>> 8) | ((bytes[end] as number) << 24);
    const start = end - WINDOW + 1;
    if (start < 0) continue;
    for (const pattern of candidates(window >>> 0)) {
      const length = Math.min(pattern.bytes.length, bytes.length - start);
      if (length < pattern.bytes.length && !more) continue;
      // Nothing but beginnings of secrets: what is left is not worth the search, and not kept.
      if ((budget -= length) < 0) return [...found, { start: starts?.[start] ?? start, end: source.length }];
      if (bytes.compare(pattern.bytes, 0, length, start, start + length) !== 0) continue;
      const stop = length < pattern.bytes.length ? source.length : (starts?.[start + length] ?? start + length);
      found.push(widened(source, { start: starts?.[start] ?? start, end: stop }, pattern));
    }
  }
  return found;
}

/** With the characters of base64 on both sides that hold some of the secret's bits beside bits of its neighbours. */
const widened = (source: Buffer, { start, end }: Found, { before, behind }: Pattern): Found => ({
  start: before && isBase64(source[start - 1]) ? start - 1 : start,
  end: behind && isBase64(source[end]) ? end + 1 : end,
});

const isBase64 = (byte: number | undefined): boolean =>
  byte !== undefined && /[A-Za-z0-9+/_-]/.test(String.fromCharCode(byte));

/** In order, with overlapping and touching parts joined. */
export function merged(found: readonly Found[]): Found[] {
  const joined: Found[] = [];
  for (const each of found.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last && each.start <= last.end) last.end = Math.max(last.end, each.end);
    else joined.push({ ...each });
  }
  return joined;
}

/** The text, and what it says once its escapes are undone, one kind after another. */
function viewsOf(bytes: Buffer, spaced: boolean): View[] {
  const views: View[] = [{ bytes, depth: 0 }];
  const escapes = spaced ? [...ESCAPES, FORM_ESCAPE] : ESCAPES;
  for (const view of views) {
    if (view.depth === MAX_DEPTH) continue;
    for (const [marks, escape] of escapes) {
      if (views.length === MAX_VIEWS) return views;
      if (marks.some((mark) => view.bytes.includes(mark))) views.push(decoded(view, marks, escape));
    }
  }
  return views;
}

function decoded(view: View, marks: readonly number[], escape: Escape): View {
  const { bytes, starts } = view;
  const out = Buffer.allocUnsafe(bytes.length);
  const places = new Uint32Array(bytes.length + 1);
  let size = 0;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    const step = marks.includes(byte) ? escape(bytes, at) : undefined;
    const place = starts?.[at] ?? at;
    if (step?.means) {
      for (let index = 0; index < step.means.length; index++) {
        places[size] = place;
        out[size++] = step.means[index] as number;
      }
    } else if (!step) {
      places[size] = place;
      out[size++] = byte;
    }
    at += step?.length ?? 1;
  }
  places[size] = starts?.[bytes.length] ?? bytes.length;
  return { bytes: out.subarray(0, size), starts: places.subarray(0, size + 1), depth: view.depth + 1 };
}
