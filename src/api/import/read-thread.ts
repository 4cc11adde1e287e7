/** The thread in which documents are read; see document-reads.ts. */
import type { Refusal } from "../errors.js";
import { refuse } from "../errors.js";
import type { Perspective } from "./asyncapi.js";
import { parseDocument } from "./document.js";
import { createDocumentReader, type ReadDocument } from "./formats.js";

export interface DocumentRead {
  bytes: Uint8Array;
  syntax: "json" | "yaml";
  perspective: Perspective;
}
export type DocumentOutcome = { ok: true; value: ReadDocument } | { ok: false; refusal: Refusal };

const MAX_ERRORS = 20;
const read = createDocumentReader();

export default ({ bytes, syntax, perspective }: DocumentRead): DocumentOutcome => {
  const parsed = parseDocument(bytes, syntax);
  if (!parsed.ok) return parsed;
  const outcome = read(parsed.value, perspective);
  return outcome.ok ? outcome : { ok: false, refusal: refuse("document_refused", undefined, { errors: outcome.errors.slice(0, MAX_ERRORS) }) };
};
