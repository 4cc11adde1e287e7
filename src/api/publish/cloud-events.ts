/**
 * CloudEvents 1.0.2 over HTTP: binary mode (`ce-*` headers) and structured mode (`application/cloudevents+json`, and
 * batches of it). Attributes are kept as the values of headers, which is how they are sent on. What a producer's
 * library wrote, a consumer's library reads.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
import { hash } from "node:crypto";
import { MEDIA_TYPE } from "../../catalogue/publisher-proof.js";
import type { FieldError } from "../http/errors.js";

export const CLOUD_EVENT_PREFIX = "ce-";
/** Consumers' servers take 8 to 16 KiB of headers, and a delivery has some of its own. */
const MAX_ATTRIBUTES = 32;
const MAX_TOTAL = 4_096;
const MAX_NAME = 64;
const REQUIRED = ["specversion", "id", "source", "type"] as const;
const NAME = /^[a-z0-9]{1,64}$/;
const VERSION = /^(?:1\.[0-9]{1,2}|0\.3)$/;

/** Context attributes by name, as values of headers. */
export type Attributes = Record<string, string>;
export type ReadAttributes = { ok: true; attributes: Attributes } | { ok: false; errors: FieldError[] };

/** Whether a request is in binary mode: it has any header of an attribute. */
export function isBinaryMode(headers: Readonly<Record<string, unknown>>): boolean {
  for (const name in headers) if (name.startsWith(CLOUD_EVENT_PREFIX)) return true;
  return false;
}

const BATCH = /^application\/cloudevents-batch\+json[ \t]*(?:;|$)/i;
export const isStructuredBatch = (contentType: string | undefined): boolean =>
  contentType !== undefined && BATCH.test(contentType);

/**
 * The attributes of a request in binary mode. `rawHeaders` as Node gives them: names and values in turn, one character
 * for each byte.
 */
export function attributesOfHeaders(rawHeaders: readonly string[]): ReadAttributes {
  // A name may be one that every object has.
  const attributes = Object.create(null) as Attributes;
  const errors: FieldError[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const header = (rawHeaders[at] ?? "").toLowerCase();
    if (!header.startsWith(CLOUD_EVENT_PREFIX)) continue;
    const name = header.slice(CLOUD_EVENT_PREFIX.length);
    if (Object.hasOwn(attributes, name)) errors.push({ path: shortened(header), message: "must be given once" });
    else attributes[name] = asHeader(textOf(rawHeaders[at + 1] ?? ""));
  }
  return checked(attributes, errors, (name) => `${CLOUD_EVENT_PREFIX}${name}`);
}

/** The attributes of a CloudEvent in structured mode. `path` of the event within the body. */
export function attributesOfEvent(event: unknown, path = ""): ReadAttributes {
  if (typeof event !== "object" || event === null || Array.isArray(event))
    return { ok: false, errors: [{ path, message: "must be a CloudEvent, a JSON object" }] };
  const at = (name: string): string => (path === "" ? shortened(name) : `${path}.${shortened(name)}`);
  // A name may be one that every object has.
  const attributes = Object.create(null) as Attributes;
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(event)) {
    // The content type is the body's own. Null is the same as absent.
    if (name === "data" || name === "data_base64" || name === "datacontenttype" || value === null) continue;
    if (typeof value === "string" || typeof value === "boolean" || Number.isSafeInteger(value))
      attributes[name] = encode(String(value));
    else errors.push({ path: at(name), message: "must be text, a truth value or a whole number" });
  }
  const { data_base64: base64 = null, datacontenttype: type = null } = event as Record<string, unknown>;
  if (type !== null && !(typeof type === "string" && MEDIA_TYPE.test(type)))
    errors.push({ path: at("datacontenttype"), message: "must be a media type (RFC 2046)" });
  if ("data" in event && "data_base64" in event)
    errors.push({ path: at("data_base64"), message: "must not be there beside data" });
  else if (base64 !== null && !(typeof base64 === "string" && isBase64(base64)))
    errors.push({ path: at("data_base64"), message: "must be base64 (RFC 4648, 4)" });
  return checked(attributes, errors, at);
}

/** The whole text in groups of four. A reader that is less strict would make other bytes of it. */
const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

function checked(attributes: Attributes, errors: FieldError[], pathOf: (name: string) => string): ReadAttributes {
  for (const [name, value] of Object.entries(attributes)) {
    if (!NAME.test(name))
      errors.push({
        path: shortened(pathOf(name)),
        message: `must have a name of 1 to ${MAX_NAME} of a-z 0-9 (CloudEvents 1.0, 3.1)`,
      });
    else if (value === "" || /[\r\n\u0000]/.test(value))
      errors.push({ path: pathOf(name), message: "must not be empty" });
  }
  for (const name of REQUIRED)
    if (!attributes[name]) errors.push({ path: pathOf(name), message: "is needed in a CloudEvent" });
  const { specversion } = attributes;
  if (specversion && !VERSION.test(specversion)) errors.push({ path: pathOf("specversion"), message: "must be 1.0" });
  const names = Object.keys(attributes);
  const total = names.reduce(
    (sum, name) => sum + CLOUD_EVENT_PREFIX.length + name.length + (attributes[name]?.length ?? 0),
    0,
  );
  if (names.length > MAX_ATTRIBUTES)
    errors.push({ path: pathOf(""), message: `must be at most ${MAX_ATTRIBUTES} attributes` });
  else if (total > MAX_TOTAL)
    errors.push({ path: pathOf(""), message: `must have at most ${MAX_TOTAL} characters of attributes in all` });
  return errors.length > 0 ? { ok: false, errors: errors.slice(0, 20) } : { ok: true, attributes: { ...attributes } };
}

/** The bytes of a header as text: UTF-8 where they are that, Latin-1 otherwise. */
function textOf(value: string): string {
  const bytes = Buffer.from(value, "latin1");
  const text = bytes.toString("utf8");
  return (Buffer.from(text, "utf8").equals(bytes) ? text : value).trim();
}

/**
 * A header's value as it came. Only what a header cannot hold is percent-encoded. Spaces stay: not every library
 * encodes or decodes them.
 */
const asHeader = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : text.replaceAll(/[^\x20-\x7e]+/gu, percent);
/** Text as the value of a header (HTTP protocol binding, 3.1.3.2). */
const encode = (text: string): string => text.replaceAll(/[^\x21\x23\x24\x26-\x7e]+/gu, percent);
const percent = (text: string): string =>
  [...Buffer.from(text, "utf8")].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");

/**
 * The value of a header as the text that it stands for: quotes are taken off, then one round of percent-decoding
 * (3.1.3.2).
 */
export function decodeAttribute(value: string): string {
  const text = /^"(?:[^"\\]|\\.)*"$/.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value;
  const bytes = Buffer.from(
    text.replaceAll(/%([0-9a-f]{2})/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    "latin1",
  );
  const decoded = bytes.toString("utf8");
  return decoded.includes("\ufffd") ? text : decoded;
}

/**
 * The event id of a CloudEvent whose producer gave no Idempotency-Key. Source and id together name an event
 * (CloudEvents 1.0, 3.1.1). Each may be any text, so the id is made of their hash. The same two give the same id in
 * binary and structured mode.
 */
export const eventIdOf = ({ source = "", id = "" }: Attributes): string =>
  eventIdFor(decodeAttribute(source), decodeAttribute(id));

/** The same of source and id as text. */
export const eventIdFor = (source: string, id: string): string =>
  `ce_${hash("sha256", JSON.stringify([source, id]), "base64url")}`;

const shortened = (name: string): string =>
  (name.length <= 80 ? name : `${name.slice(0, 80)}…`).replaceAll(/[^\x20-\x7e]/g, "?");
