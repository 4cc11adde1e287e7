/**
 * Payloads against the newest schema of their event type, as its `validation` says: off, warn (counted, and a line in
 * the log), enforce. The bytes stay verbatim. Numbers are checked as JSON.parse rounds them.
 */
import { isUtf8 } from "node:buffer";
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { EventType } from "../store/model.js";
import { findDuplicateMember } from "./json-slice.js";
import type { Metrics } from "../metrics.js";
import type { PayloadFault, PayloadValidator, SchemaCompiler } from "./schema-validator.js";

/** A payload as it was published. */
export interface CheckedPayload {
  contentType: string;
  bytes: Uint8Array;
  /** What JSON.parse made of the bytes, where that was done already. */
  parsed?: { value: unknown };
}

export interface PayloadCheck {
  /** Why the payload must not be published. Undefined means that it may be, though a warning may have been given. */
  (type: EventType, payload: CheckedPayload): PayloadFault[] | undefined;
  /**
   * What a schema says of a payload, whatever a publish does about it. Nothing is counted or logged. An empty list
   * means that the payload is as the schema says. Undefined means that there is no schema to check it against.
   */
  look(version: SchemaVersion, payload: CheckedPayload): PayloadFault[] | undefined;
}

/** A schema that an event type has, or had. */
export interface SchemaVersion {
  name: string;
  version: number;
  /** Since when it was the newest. */
  since: Date;
  schema?: Record<string, unknown>;
}

export interface PayloadCheckDependencies {
  compileSchema: SchemaCompiler;
  metrics: Pick<Metrics, "payloadsInvalid">;
  log: Pick<Logger, "warn" | "error">;
}

/** Compiled schemas that are kept. What was used longest ago goes first. */
const MAX_COMPILED = 1_000;
/** `application/json` and the `+json` types, in UTF-8. */
const JSON_TYPE =
  /^(?:application\/json|[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.-]+\+json)[ \t]*(?:;[ \t]*(?:charset=(?:"utf-?8"|utf-?8)[ \t]*)?)*$/i;

/** Whether payloads of the type are looked at, at all. */
export const isChecked = (type: EventType | undefined): type is EventType =>
  type?.validation !== undefined && type.validation !== "off";

interface CompiledVersion {
  version: number;
  since: number;
  validator: PayloadValidator;
}

export function createPayloadCheck({ compileSchema, metrics, log }: PayloadCheckDependencies): PayloadCheck {
  const compiled = new LRUCache<string, CompiledVersion>({ max: MAX_COMPILED });

  /**
   * By version and its time. An event type that was deleted and made anew begins with version 1 again. What people look
   * at has a key of its own, so that it never takes the place of what publishes need.
   */
  function validatorOf({ name, version, since, schema }: SchemaVersion, key = name): PayloadValidator | undefined {
    const kept = compiled.get(key);
    if (kept?.version === version && kept.since === since.getTime()) return kept.validator;
    const made = schema && compileSchema(schema);
    if (!made?.ok) {
      // Saving compiled it, so this is a schema from before saving did.
      if (made)
        log.error(
          { type: name, version },
          "the schema of an event type cannot be compiled: its payloads are not checked",
        );
      return undefined;
    }
    compiled.set(key, { version, since: since.getTime(), validator: made.validator });
    return made.validator;
  }

  const check = (type: EventType, payload: CheckedPayload): PayloadFault[] | undefined => {
    if (!isChecked(type)) return undefined;
    const validator = validatorOf(newestSchema(type));
    const faults = validator && faultsOf(validator, payload);
    if (!faults) return undefined;
    const { validation = "off", name, version = 1 } = type;
    metrics.payloadsInvalid.inc({ validation });
    if (validation === "enforce") return faults;
    log.warn(
      { type: name, version, schemaPaths: [...new Set(faults.map(({ schemaPath }) => schemaPath))] },
      "a payload is not as its schema says; it was accepted",
    );
    return undefined;
  };

  const look: PayloadCheck["look"] = (version, payload) => {
    const validator = validatorOf(version, `${version.name}@${version.version}`);
    return validator && (faultsOf(validator, payload) ?? []);
  };
  return Object.assign(check, { look });
}

/** The schema that publishes of the type are checked against now. */
export const newestSchema = ({ name, version = 1, versionAt, createdAt, schema }: EventType): SchemaVersion => ({
  name,
  version,
  since: versionAt ?? createdAt,
  ...(schema && { schema }),
});

function faultsOf(validator: PayloadValidator, payload: CheckedPayload): PayloadFault[] | undefined {
  const json = jsonOf(payload);
  if (typeof json === "string") return [fault(json)];
  // Of two members with one name a check sees the last, and the consumer's parser perhaps the first.
  if (json.texts.some((text) => findDuplicateMember(text) !== undefined))
    return [fault("has an object with the same member twice")];
  return validator(json.value, payload.bytes.byteLength);
}

/** What is checked, and the JSON texts that it stands in. */
interface CheckedJson {
  value: unknown;
  texts: readonly Uint8Array[];
}

/** The value that the schema is of, or why there is none. */
function jsonOf({ contentType, bytes, parsed }: CheckedPayload): CheckedJson | string {
  if (!isJsonType(contentType)) return NO_JSON_TYPE;
  const json = parsed ?? parse(bytes);
  if (!json) return NO_JSON;
  return parsed === undefined && isStructuredType(contentType) && isCloudEvent(json.value)
    ? dataOf(json.value, bytes)
    : { value: json.value, texts: [bytes] };
}

/** Whether a content type is of JSON in UTF-8. */
export const isJsonType = (type: string): boolean => type === "application/json" || JSON_TYPE.test(type);
const NO_JSON_TYPE =
  "is not JSON in UTF-8, by its content type, and payloads of this event type are checked against a JSON Schema";
const NO_JSON = "is not JSON in UTF-8";

/**
 * A CloudEvent in structured mode: the schema is of its `data`, the same as in binary mode. It may stand there as JSON,
 * or its bytes as base64.
 */
export const isStructuredType = (contentType: string | undefined): boolean =>
  contentType !== undefined && STRUCTURED.test(contentType);
const STRUCTURED = /^application\/cloudevents\+json[ \t]*(?:;|$)/i;
function dataOf(
  { data, data_base64: base64, datacontenttype: type }: CloudEventEnvelope,
  bytes: Uint8Array,
): CheckedJson | string {
  if (typeof type === "string" && !isJsonType(type)) return NO_JSON_TYPE;
  if (typeof base64 === "string") {
    const content = Buffer.from(base64, "base64");
    const json = parse(content);
    return json ? { value: json.value, texts: [bytes, content] } : NO_JSON;
  }
  return data === undefined ? "is needed: the CloudEvent has none" : { value: data, texts: [bytes] };
}

/** A CloudEvent in structured mode. Any of its members may be of a wrong type. */
export interface CloudEventEnvelope {
  specversion: unknown;
  data?: unknown;
  data_base64?: unknown;
  datacontenttype?: unknown;
}

/**
 * Whether a JSON value is a CloudEvent, well-formed or not. Something else under its content type is checked as a
 * whole.
 */
export const isCloudEvent = (value: unknown): value is CloudEventEnvelope =>
  typeof value === "object" && value !== null && !Array.isArray(value) && "specversion" in value;

const fault = (message: string): PayloadFault => ({ path: "", message, schemaPath: "" });

function parse(bytes: Uint8Array): { value: unknown } | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    return {
      value: JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")) as unknown,
    };
  } catch {
    return undefined;
  }
}
