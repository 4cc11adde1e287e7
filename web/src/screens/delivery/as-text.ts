/** A request as text to paste: as a curl command for a POSIX shell, or as it stands on the wire. */
import { shellWord } from "../../parts/text/shell-word.js";
import type { Attempt, Delivery } from "./queries.js";

type Request = { url: string; headers: Record<string, string>; payload: Delivery["payload"] };

/** Undefined where the content of the attempt is not shown to this person. */
export function requestOf({ payload }: Delivery, { detail }: Attempt): Request | undefined {
  return detail && { url: detail.url, headers: detail.requestHeaders, payload };
}

/** Headers that curl makes itself, from what it sends. */
const OF_CURL = new Set(["content-length", "host", "connection", "transfer-encoding"]);

export function asCurl({ url, headers, payload }: Request): string {
  const lines = [
    `curl --request POST ${shellWord(url)}`,
    ...Object.entries(headers)
      .filter(([name]) => !OF_CURL.has(name.toLowerCase()))
      .map(([name, value]) => `--header ${shellWord(`${name}: ${value}`)}`),
  ];
  if (!payload) return lines.join(JOINED);
  // The bytes are signed, so not one of them may change: curl's --data would drop line ends.
  if (payload.encoding === "utf8" && !payload.body.includes("\0"))
    // An argument of --data-binary that begins with @ names a file.
    return [
      ...lines,
      `${payload.body.startsWith("@") ? "--data-raw" : "--data-binary"} ${shellWord(payload.body)}`,
    ].join(JOINED);
  const base64 = payload.encoding === "base64" ? payload.body : toBase64(payload.body);
  return `printf %s ${shellWord(base64)} | base64 -d | ${[...lines, "--data-binary @-"].join(JOINED)}`;
}

const JOINED = " \\\n  ";

/** The request line, the headers, an empty line and the body (RFC 9112). A body that is no text is in base64. */
export function asHttp({ url, headers, payload }: Request): string {
  const { host, pathname, search } = new URL(url);
  const given = Object.entries(headers);
  const withHost = given.some(([name]) => name.toLowerCase() === "host") ? given : [["host", host] as const, ...given];
  const head = [`POST ${pathname}${search} HTTP/1.1`, ...withHost.map(([name, value]) => `${name}: ${value}`)];
  return `${head.join("\r\n")}\r\n\r\n${payload?.body ?? ""}`;
}

const toBase64 = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
