/**
 * Compiles the schema of an event type and checks payloads against it. Ajv makes code of a schema. The schema has
 * passed json-schema.ts and the meta-schema before, and Ajv's code generator quotes every name and value. So no text of
 * a schema becomes code.
 */
import { type AnySchema, type ErrorObject, type Format, type Options, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type DefinedFormats, fullFormats } from "ajv-formats/dist/formats.js";
import {
  type BoundedSchema,
  boundSchema,
  compileRegExp,
  pointerStep,
  type SchemaFault,
  MAX_FAULTS,
} from "./json-schema.js";
import type { Watchdog } from "./watchdog.js";

/** What is wrong with a payload. No member holds a value of it. */
export interface PayloadFault {
  /** JSON pointer into the payload. */
  path: string;
  message: string;
  /**
   * JSON pointer into the schema: all that a log line may hold, because names in a payload may be personal data too.
   */
  schemaPath: string;
}

/**
 * Checks a payload of so many bytes. Undefined means that it is as the schema says. Never throws, never takes longer
 * than CHECK_LIMIT_MS.
 */
export type PayloadValidator = (value: unknown, bytes: number) => PayloadFault[] | undefined;

export type Compiled = { ok: true; validator: PayloadValidator } | { ok: false; faults: SchemaFault[] };

/** Longest check of one payload. */
export const CHECK_LIMIT_MS = 250;
/** Longest compilation of one schema. One with 1,200 properties took 0.9 s on a busy machine. */
const COMPILE_LIMIT_MS = 5_000;
/**
 * Steps (weight of the schema times bytes of the payload) that are certain to be quick: no watchdog. At worst some 10
 * ms.
 */
const QUICK_STEPS = 2_000_000;
/** The expressions of some formats take the square of the length. */
const MAX_FORMAT_LENGTH = 2_048;

const regExp: NonNullable<NonNullable<Options["code"]>["regExp"]> = Object.assign(
  (pattern: string) => {
    const compiled = compileRegExp(pattern);
    return { test: (text: string) => compiled.test(text) };
  },
  { code: "RE2" },
);

const FORMATS = Object.fromEntries(Object.entries(fullFormats).map(([name, format]) => [name, boundedFormat(format)]));

function boundedFormat(format: DefinedFormats[keyof DefinedFormats]): Format {
  if (typeof format === "boolean" || typeof format === "string") return format;
  if (format instanceof RegExp) return (text: string) => text.length <= MAX_FORMAT_LENGTH && format.test(text);
  if (typeof format === "function") return (text: string) => text.length <= MAX_FORMAT_LENGTH && format(text);
  if (format.type === "number") return format;
  const { validate } = format as { validate: RegExp | ((text: string) => boolean) };
  return (text: string) =>
    text.length <= MAX_FORMAT_LENGTH && (validate instanceof RegExp ? validate.test(text) : validate(text));
}

const OPTIONS: Options = {
  meta: false,
  validateSchema: false,
  logger: false,
  formats: FORMATS,
  // With all errors the code is flat: a schema with 2,000 properties compiles, which otherwise overflows the stack. The
  // optimiser of the
  // code takes three times as long as everything else and gains nothing to speak of.
  allErrors: true,
  code: { regExp, optimize: false },
  // What is ignored silently is a mistake. What is merely unusual is not.
  strict: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
};

export type SchemaCompiler = (schema: Record<string, unknown>) => Compiled;

/** Compiles schemas. A process has one of these. */
export function createSchemaCompiler(watchdog: Watchdog): SchemaCompiler {
  let metaSchema: ValidateFunction | undefined;
  const againstMetaSchema = (schema: unknown): SchemaFault[] => {
    metaSchema ??= new Ajv2020({ strict: false, validateFormats: false, logger: false, allErrors: true }).getSchema(
      "https://json-schema.org/draft/2020-12/schema",
    ) as ValidateFunction;
    if (metaSchema(schema)) return [];
    return (metaSchema.errors ?? [])
      .slice(0, MAX_FAULTS)
      .map(({ instancePath, message }) => ({ path: instancePath, message: message ?? "is not valid" }));
  };

  return (schema) => {
    const bound = boundSchema(schema, (name) => Object.hasOwn(FORMATS, name));
    if (!bound.ok) return bound;
    const faults = againstMetaSchema(schema);
    if (faults.length > 0) return { ok: false, faults };
    try {
      const compiled = watchdog(
        () => warmed(new Ajv2020(OPTIONS).compile(bound.bounded.schema as AnySchema)),
        COMPILE_LIMIT_MS,
      );
      if (!compiled.ok) return { ok: false, faults: [{ path: "", message: "takes too long to compile" }] };
      return { ok: true, validator: validatorOf(compiled.value, bound.bounded, watchdog) };
    } catch (error) {
      return { ok: false, faults: [{ path: "", message: compileMessage(error) }] };
    }
  };
}

/** Ajv says what it does not understand with words of the schema, which is the reader's own. */
const compileMessage = (error: unknown): string =>
  error instanceof RangeError
    ? "is nested too deeply"
    : error instanceof Error
      ? error.message.slice(0, 300)
      : "cannot be compiled";

/**
 * The engine compiles the generated code at its first call: up to 0.1 s that must not count as the check of a payload.
 */
function warmed(validate: ValidateFunction): ValidateFunction {
  validate(undefined);
  return validate;
}

function validatorOf(
  validate: ValidateFunction,
  { weight, comparesItems }: BoundedSchema,
  watchdog: Watchdog,
): PayloadValidator {
  return (value, bytes) => {
    try {
      const steps = (comparesItems ? weight + bytes : weight) * bytes;
      const checked =
        steps <= QUICK_STEPS
          ? { ok: true as const, value: validate(value) }
          : watchdog(() => validate(value), CHECK_LIMIT_MS);
      if (!checked.ok)
        return [
          { path: "", message: `takes longer than ${CHECK_LIMIT_MS} ms to check against the schema`, schemaPath: "" },
        ];
      return checked.value ? undefined : faultsOf(validate.errors);
    } catch (error) {
      if (error instanceof RangeError)
        return [{ path: "", message: "is nested too deeply for the schema", schemaPath: "" }];
      throw error;
    } finally {
      // The errors may be many, and hold references to the payload.
      validate.errors = null;
    }
  };
}

function faultsOf(errors: ErrorObject[] | null | undefined): PayloadFault[] {
  return (errors ?? []).slice(0, MAX_FAULTS).map(({ instancePath, schemaPath, message, params }) => {
    const { additionalProperty, unevaluatedProperty } = params as {
      additionalProperty?: unknown;
      unevaluatedProperty?: unknown;
    };
    const name = additionalProperty ?? unevaluatedProperty;
    return {
      path: shortened(instancePath) + (typeof name === "string" ? pointerStep(shortened(name)) : ""),
      message: message ?? "is not valid",
      schemaPath,
    };
  });
}

const shortened = (path: string): string =>
  (path.length <= 256 ? path : `${path.slice(0, 256)}…`).replaceAll(/[\ud800-\udfff]/gu, "\ufffd");
