/** A payload as filters see it. */
import { randomBytes } from "node:crypto";
import { escapeEventId } from "../workflows/event-id.js";
import type { FilterInput } from "./filter.js";
import { type CloudEventEnvelope, isCloudEvent, isJsonType, isStructuredType } from "./payload-check.js";

/** An event as a filter is asked about it. */
export interface FilteredEvent {
  id: string;
  type: string;
  contentType: string;
  bytes: Uint8Array;
  /** Of a CloudEvent. */
  attributes?: Readonly<Record<string, string>>;
}

/** What a filter sees of the event, with the headers that every delivery of it carries. */
export const filterInputOf = ({ id, type, contentType, bytes, attributes = {} }: FilteredEvent): FilterInput => ({
  event: { id, type },
  data: payloadForFilter(contentType, bytes),
  headers: {
    "content-type": contentType,
    "webhook-id": escapeEventId(id),
    "webhook-event-type": type,
    ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value])),
  },
});

/**
 * The JSON value. Of a CloudEvent in structured mode it is that of its data, as in binary mode and as the schema of the
 * event type has it. Its attributes are among the headers. Numbers are doubles, as CEL takes JSON. Only an integer that
 * a double cannot hold exactly (9007199254740993) is an int. What is not JSON is an empty map, so nothing in it is
 * there.
 */
export function payloadForFilter(contentType: string, bytes: Uint8Array): unknown {
  if (!JSON_TYPE.test(contentType)) return {};
  const value = valueOf(bytes);
  return isStructuredType(contentType) && isCloudEvent(value) ? dataOf(value) : value;
}

function valueOf(bytes: Uint8Array): unknown {
  try {
    const text = utf8.decode(bytes);
    return LONG_NUMBER.test(text) ? parseExactly(text) : JSON.parse(text);
  } catch {
    return {};
  }
}

function dataOf({ data = {}, data_base64: base64, datacontenttype: type }: CloudEventEnvelope): unknown {
  if (typeof type === "string" && !isJsonType(type)) return {};
  return typeof base64 === "string" ? valueOf(Buffer.from(base64, "base64")) : data;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const utf8 = new TextDecoder("utf-8", { fatal: true });
/** 2^53 has 16 digits. */
const LONG_NUMBER = /\d{16}/;
/** Strings are matched first, so that digits within them stay as they are. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Nobody can guess it, so no payload holds it. */
const MARK = `int:${randomBytes(16).toString("hex")}:`;

/**
 * Node 20's reviver does not see the source text of a number, so that long integers travel through it as marked
 * strings.
 */
function parseExactly(text: string): unknown {
  const marked = text.replaceAll(STRING_OR_NUMBER, (token) =>
    /^-?\d{16,20}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${MARK}${token}"` : token,
  );
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}
