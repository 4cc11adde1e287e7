/** The two kinds of document that can be imported, checked against the official schema of each. */
import { createRequire } from "node:module";
import type { ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isObject } from "../../activities/json-schema.js";
import type { Watchdog } from "../../activities/watchdog.js";
import { typesOfAsyncApi } from "./asyncapi.js";
import type { DescribedType } from "./described-type.js";
import { typesOfOpenApi } from "./openapi.js";
import { fault, type Outcome } from "./references.js";

export type DocumentFormat = "asyncapi" | "openapi";
export type ReadDocument = (document: unknown) => Outcome<{ format: DocumentFormat; types: DescribedType[] }>;

const CHECK_LIMIT_MS = 5_000;
const OPTIONS = { strict: false, logger: false } as const;

/** The schemas are big (AsyncAPI's has 380 KB), so they are loaded when somebody imports. */
export function createDocumentReader(watchdog: Watchdog): ReadDocument {
  const load = createRequire(import.meta.url);
  const compiled = new Map<string, ValidateFunction>();
  const validatorOf = (name: string, make: () => ValidateFunction): ValidateFunction => {
    const validate = compiled.get(name) ?? make();
    compiled.set(name, validate);
    return validate;
  };
  const asyncApi = (version: string) => validatorOf(version, () => {
    const ajv = addFormats.default(new Ajv(OPTIONS));
    return ajv.compile(load(`@asyncapi/specs/schemas/${version}-without-$id.json`) as object);
  });
  const openApi = () => validatorOf("openapi", () => {
    const ajv = addFormats.default(new Ajv2020(OPTIONS)).addFormat("media-range", true);
    return ajv.compile(load("@seriousme/openapi-schema-validator/schemas/v3.1/schema.json") as object);
  });

  function checked(validate: ValidateFunction, document: unknown): Outcome<undefined> {
    try {
      const result = watchdog(() => validate(document), CHECK_LIMIT_MS);
      if (!result.ok) return fault("", "takes too long to check");
      if (result.value) return { ok: true, value: undefined };
      const deepest = [...(validate.errors ?? [])].sort((a, b) => b.instancePath.length - a.instancePath.length).slice(0, 5);
      return { ok: false, errors: deepest.map(({ instancePath, message }) => ({ path: instancePath, message: message ?? "is not valid" })) };
    } catch (error) {
      if (error instanceof RangeError) return fault("", "is nested too deeply");
      throw error;
    }
  }

  return (document) => {
    if (!isObject(document)) return fault("", "must be an AsyncAPI 3 or OpenAPI 3.1 document");
    const { asyncapi, openapi } = document;
    if (asyncapi === "3.0.0" || asyncapi === "3.1.0") {
      const valid = checked(asyncApi(asyncapi), document);
      const types = valid.ok ? typesOfAsyncApi(document) : valid;
      return types.ok ? { ok: true, value: { format: "asyncapi", types: types.value } } : types;
    }
    if (typeof openapi === "string" && /^3\.1\.\d+$/.test(openapi)) {
      const valid = checked(openApi(), document);
      const types = valid.ok ? typesOfOpenApi(document) : valid;
      return types.ok ? { ok: true, value: { format: "openapi", types: types.value } } : types;
    }
    return fault(asyncapi === undefined ? "/openapi" : "/asyncapi", "must be AsyncAPI 3.0.0 or 3.1.0, or OpenAPI 3.1");
  };
}
