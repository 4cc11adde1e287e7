/** Headers on their way out (checked) and on their way in (bounded before they are kept). */

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
/** Visible ASCII, space, tab and obs-text, without CR, LF or NUL (RFC 9110, section 5.5). */
const NOT_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** The connection's own headers, and those that the sender sets. A subscription may not give them. */
const RESERVED = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "accept-encoding",
  "http2-settings",
]);
const RESERVED_PREFIX = "proxy-";
/** What a delivery writes itself. What is saved with a subscription must not. */
const OF_THE_DELIVERY = new Set([
  "user-agent",
  "date",
  "signature",
  "signature-input",
  "content-digest",
  "want-content-digest",
]);
const OF_THE_DELIVERY_PREFIXES = ["content-", "webhook-", "ce-", "sealpost-"];

/** All of these, for the reference page: names, and beginnings of names with `*`. */
export const RESERVED_HEADERS: readonly string[] = [
  ...RESERVED,
  `${RESERVED_PREFIX}*`,
  ...OF_THE_DELIVERY,
  ...OF_THE_DELIVERY_PREFIXES.map((prefix) => `${prefix}*`),
].sort();

/**
 * Whether a header belongs to HTTP itself or to the delivery, so that neither an API key nor a custom header may have
 * its name.
 */
export function isReservedHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    isReserved(lower) ||
    OF_THE_DELIVERY.has(lower) ||
    OF_THE_DELIVERY_PREFIXES.some((prefix) => lower.startsWith(prefix))
  );
}

const isReserved = (lower: string): boolean => RESERVED.has(lower) || lower.startsWith(RESERVED_PREFIX);

/** A field name that can be saved (RFC 9110, section 5.1). */
export const isHeaderName = (name: string): boolean => TOKEN.test(name);

/**
 * Names and values in turn, as undici takes them fastest, with `accept-encoding: identity`. Undefined when one is not a
 * valid header. It is checked here because a request that undici refuses takes its connection out of the pool for good.
 * The pool waits for a `drain` that never comes (pool-base.js of 7.30).
 */
export function flattenHeaders(headers: Readonly<Record<string, string>>): string[] | undefined {
  const flat = ["accept-encoding", "identity"];
  for (const name in headers) {
    const value = headers[name] as string;
    if (!isSendableName(name) || NOT_A_VALUE.test(value)) return undefined;
    flat.push(name, value);
  }
  return flat;
}

/** Few names occur, again and again. */
const sendableNames = new Set<string>();

function isSendableName(name: string): boolean {
  if (sendableNames.has(name)) return true;
  if (!TOKEN.test(name) || isReserved(name.toLowerCase())) return false;
  if (sendableNames.size < 1_000) sendableNames.add(name);
  return true;
}

const MAX_KEPT_HEADERS = 50;
const MAX_KEPT_NAME = 100;
const MAX_KEPT_VALUE = 512;
const MAX_KEPT_TOTAL = 8_192;
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/g;

/** What is understood of an answer comes first where not everything is kept. */
const UNDERSTOOD = /^(?:retry-after|date$|age$|content-(?:type|encoding)|location|webhook-allowed-|(?:x-)?rate-?limit)/;
type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Response headers as they may be recorded: at most 50 and 8 KiB, values masked and then cut at 512 characters, cookies
 * not kept.
 */
export function keepResponseHeaders(
  headers: ResponseHeaders,
  mask: (value: string) => string = (value) => value,
): Record<string, string> {
  const names = Object.keys(headers);
  return (
    keptOf(headers, names, mask, true) ??
    keptOf(headers, [...names.filter(isUnderstood), ...names.filter((name) => !isUnderstood(name))], mask, false) ??
    {}
  );
}

const isUnderstood = (name: string): boolean => UNDERSTOOD.test(name);

/** As many as there is room for. Undefined where `all` are wanted and they are too many. */
function keptOf(
  headers: ResponseHeaders,
  names: readonly string[],
  mask: (value: string) => string,
  all: boolean,
): Record<string, string> | undefined {
  const kept: Record<string, string> = {};
  let count = 0;
  let total = 0;
  for (const name of names) {
    const given = headers[name];
    if (given === undefined || name.length > MAX_KEPT_NAME) continue;
    // A null prototype would cost more than this one name is worth.
    if (name === "__proto__") continue;
    const value =
      name === "set-cookie" || name === "set-cookie2"
        ? "(not kept)"
        : cut(mask(typeof given === "string" ? given : given.join(", ")));
    total += name.length + value.length;
    if (++count > MAX_KEPT_HEADERS || total > MAX_KEPT_TOTAL) return all ? undefined : kept;
    kept[name] = value;
  }
  return kept;
}

function cut(value: string): string {
  const short = value.length > MAX_KEPT_VALUE ? value.slice(0, MAX_KEPT_VALUE) : value;
  return NOT_A_VALUE.test(short) ? short.replace(CONTROL, "") : short;
}
