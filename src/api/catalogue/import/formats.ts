/**
 * The kinds of document that can be imported. Each is compared with its official schema, whose complaints are warnings.
 */
import { createRequire } from "node:module";
import type { ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isObject } from "../../../catalogue/json-schema.js";
import { createWatchdog } from "../../../catalogue/watchdog.js";
import { type Perspective, typesOfAsyncApi } from "./asyncapi.js";
import { typesOfAsyncApi2 } from "./asyncapi2.js";
import type { ReadTypes } from "./described-type.js";
import type { ImportNotice } from "./modern-schema.js";
import { typesOfOpenApi } from "./openapi.js";
import { fault, type ReadResult } from "./references.js";

export type DocumentFormat = "asyncapi" | "openapi";
export type ReadDocument = ReadTypes & { format: DocumentFormat };

const CHECK_LIMIT_MS = 5_000;
const OPTIONS = { strict: false, logger: false } as const;
/** So many complaints about one document are reported. */
const MAX_COMPLAINTS = 5;

type Reader = (document: Record<string, unknown>, perspective: Perspective) => ReadResult<ReadTypes>;
interface Kind {
  format: DocumentFormat;
  /** The name of its official schema. Undefined when no schema fits. */
  schema: string | undefined;
  read: Reader;
}

/** Without quotes, `3.0` and `3.1` are the numbers 3 and 3.1 in YAML. */
function kindOf({ asyncapi, openapi }: Record<string, unknown>): Kind | undefined {
  const [async, open] = [String(asyncapi), String(openapi)];
  if (asyncapi !== undefined) {
    const [, major, minor = "0"] = /^([23])(?:\.(\d+)(?:\.\d+)?)?$/.exec(async) ?? [];
    if (major === "3" && Number(minor) <= 1)
      return { format: "asyncapi", schema: `asyncapi-3.${minor}.0`, read: typesOfAsyncApi };
    if (major === "2" && Number(minor) <= 6)
      return { format: "asyncapi", schema: `asyncapi-2.${minor}.0`, read: typesOfAsyncApi2 };
    return undefined;
  }
  const [major, minor = "0"] = /^3(?:\.([012])(?:\.\d+)?)?$/.exec(open) ?? [];
  return major === undefined
    ? undefined
    : {
        format: "openapi",
        schema: minor === "1" ? "openapi" : undefined,
        read: (document) => ({ ok: true, value: typesOfOpenApi(document) }),
      };
}

/**
 * Reads one document. The official schemas are big (AsyncAPI's has 380 KB), so they are loaded when they are needed,
 * and kept by the thread.
 */
export function createDocumentReader(): (document: unknown, perspective: Perspective) => ReadResult<ReadDocument> {
  const load = createRequire(import.meta.url);
  const watchdog = createWatchdog();
  const compiled = new Map<string, ValidateFunction>();
  const validatorOf = (name: string): ValidateFunction => {
    const validate = compiled.get(name) ?? make(name);
    compiled.set(name, validate);
    return validate;
  };
  function make(name: string): ValidateFunction {
    if (name === "openapi") {
      return addFormats
        .default(new Ajv2020(OPTIONS))
        .addFormat("media-range", true)
        .compile(load("@seriousme/openapi-schema-validator/schemas/v3.1/schema.json") as object);
    }
    return addFormats
      .default(new Ajv(OPTIONS))
      .compile(load(`@asyncapi/specs/schemas/${name.replace("asyncapi-", "")}-without-$id.json`) as object);
  }

  /**
   * What the official schema says about the document. Nothing depends on it, because every part is checked by itself
   * when it is read.
   */
  function complaints(name: string, document: unknown): ImportNotice[] {
    try {
      const validate = validatorOf(name);
      const result = watchdog(() => validate(document), CHECK_LIMIT_MS);
      if (!result.ok) return [{ path: "", reason: "takes too long to compare with the schema of its kind" }];
      if (result.value) return [];
      const deepest = [...(validate.errors ?? [])]
        .sort((a, b) => b.instancePath.length - a.instancePath.length)
        .slice(0, MAX_COMPLAINTS);
      return deepest.map(({ instancePath, message }) => ({
        path: instancePath,
        reason: `${message ?? "is not valid"} (by the schema of this kind of document)`,
      }));
    } catch (error) {
      if (error instanceof RangeError)
        return [{ path: "", reason: "is nested too deeply to be compared with the schema of its kind" }];
      throw error;
    }
  }

  return (given, perspective) => {
    if (!isObject(given)) return fault("", "must be an AsyncAPI 2 or 3, or OpenAPI 3 document");
    const kind = kindOf(given);
    if (!kind) return unknownKind(given);
    const document = withTexts(given);
    const read = kind.read(document, perspective);
    if (!read.ok) return read;
    const warnings = [...(kind.schema === undefined ? [] : complaints(kind.schema, document)), ...read.value.warnings];
    return { ok: true, value: { format: kind.format, types: read.value.types, skipped: read.value.skipped, warnings } };
  };
}

function unknownKind({ asyncapi, swagger }: Record<string, unknown>): ReturnType<typeof fault> {
  if (asyncapi === undefined && swagger !== undefined)
    return fault("/swagger", "is an earlier format without webhooks: convert the document to OpenAPI 3.1");
  return fault(asyncapi === undefined ? "/openapi" : "/asyncapi", "must be AsyncAPI 2.0 to 3.1, or OpenAPI 3.0 to 3.2");
}

/** Versions that YAML reads as numbers are the texts that their writers meant. */
function withTexts(document: Record<string, unknown>): Record<string, unknown> {
  const { asyncapi, openapi, info } = document;
  const version =
    isObject(info) && typeof info["version"] === "number"
      ? { info: { ...info, version: versionText(info["version"]) } }
      : {};
  return {
    ...document,
    ...version,
    ...(typeof asyncapi === "number" && { asyncapi: `${versionText(asyncapi)}.0` }),
    ...(typeof openapi === "number" && { openapi: `${versionText(openapi)}.0` }),
  };
}

/** `version: 1.0` is 1 by now and reads `1.0`. */
const versionText = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
