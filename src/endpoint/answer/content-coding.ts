/**
 * The content of an answer that came compressed (RFC 9110, 8.4). Sealpost asks for no coding. Some servers and the
 * proxies before them compress all the same. What is decoded is bounded before the work, so a bomb costs no memory.
 */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

export type Content = { ok: true; bytes: Uint8Array } | { ok: false; fault: "too_large" | "unreadable" };

/** A coding within a coding happens where two proxies compress. */
const MOST_CODINGS = 2;
const GZIP = [0x1f, 0x8b] as const;
/** First bytes of codings that this version of node cannot take off: zstd (RFC 8878, 3.1.1) and compress. */
const UNKNOWN: readonly (readonly number[])[] = [
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x1f, 0x9d],
];

/**
 * The bytes without the codings that `encoding` (the value of Content-Encoding) names, at most `mostBytes` of them.
 * Gzip is known by its first bytes as well. A proxy may have taken a coding off and left its name: what does not begin
 * or decode as one is taken as it is.
 */
export function contentOf(body: Uint8Array, encoding: string | undefined, mostBytes: number): Content {
  const codings = (encoding ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity")
    // The last one was applied last.
    .reverse();
  if (codings.length > MOST_CODINGS) return { ok: false, fault: "unreadable" };
  let content: Content = { ok: true, bytes: body };
  for (const coding of codings) if (content.ok) content = decoded(content.bytes, coding, mostBytes);
  // Without a name, or with the name of a character set in its place.
  if (content.ok && isGzip(content.bytes)) content = decoded(content.bytes, "gzip", mostBytes);
  if (content.ok && isUnknown(content.bytes)) return { ok: false, fault: "unreadable" };
  return content.ok && content.bytes.byteLength > mostBytes ? { ok: false, fault: "too_large" } : content;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === GZIP[0] && bytes[1] === GZIP[1];
const isUnknown = (bytes: Uint8Array): boolean =>
  UNKNOWN.some((first) => first.every((byte, index) => bytes[index] === byte));

type Decode = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
const GUNZIP: readonly Decode[] = [gunzipSync];
/** `deflate` is zlib by the standard, and raw by some servers. */
const DECODERS: Readonly<Record<string, readonly Decode[]>> = {
  gzip: GUNZIP,
  "x-gzip": GUNZIP,
  deflate: [inflateSync, inflateRawSync],
  br: [brotliDecompressSync],
};

function decoded(bytes: Uint8Array, coding: string, mostBytes: number): Content {
  const decoders = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  for (const decode of decoders ?? []) {
    try {
      return { ok: true, bytes: decode(bytes, { maxOutputLength: mostBytes }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return { ok: false, fault: "too_large" };
    }
  }
  // Gzip that breaks off, or is none behind its first bytes.
  return decoders === GUNZIP && isGzip(bytes) ? { ok: false, fault: "unreadable" } : { ok: true, bytes };
}
