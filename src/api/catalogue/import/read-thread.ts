/** The thread that reads documents and compiles their schemas. See document-reads.ts. */
import type { SchemaFault } from "../../../catalogue/json-schema.js";
import { createSchemaCompiler } from "../../../catalogue/schema-validator.js";
import { createWatchdog } from "../../../catalogue/watchdog.js";
import type { Refusal } from "../../http/errors.js";
import { refuse } from "../../http/errors.js";
import type { Perspective } from "./asyncapi.js";
import { type DocumentSyntax, parseDocument } from "./document.js";
import { createDocumentReader, type ReadDocument } from "./formats.js";

export interface DocumentRead {
  bytes: Uint8Array;
  syntax: DocumentSyntax;
  perspective: Perspective;
}
export type DocumentOutcome = { ok: true; value: ReadDocument } | { ok: false; refusal: Refusal };

const MAX_ERRORS = 20;
const read = createDocumentReader();

export default ({ bytes, syntax, perspective }: DocumentRead): DocumentOutcome => {
  const parsed = parseDocument(bytes, syntax);
  if (!parsed.ok) return parsed;
  const outcome = read(parsed.value, perspective);
  return outcome.ok
    ? outcome
    : { ok: false, refusal: refuse("document_refused", undefined, { errors: outcome.errors.slice(0, MAX_ERRORS) }) };
};

/** A schema, and what should fit it. */
export interface SchemaCheck {
  schema: Record<string, unknown>;
  examples: unknown[];
}
/**
 * Why the schema cannot be used. Otherwise the first fault of each example, or undefined for an example without a
 * fault.
 */
export type SchemaCheckOutcome =
  { ok: false; faults: SchemaFault[] } | { ok: true; examples: ({ path: string; message: string } | undefined)[] };

const compile = createSchemaCompiler(createWatchdog());

export function checkSchema({ schema, examples }: SchemaCheck): SchemaCheckOutcome {
  const compiled = compile(schema);
  if (!compiled.ok) return compiled;
  return {
    ok: true,
    examples: examples.map((example) => compiled.validator(example, Buffer.byteLength(JSON.stringify(example)))?.[0]),
  };
}
