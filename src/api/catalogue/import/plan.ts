/** Plans an import. Everything is decided and checked before the first write. */
import { setImmediate as turn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { SchemaCompiler } from "../../../catalogue/schema-validator.js";
import type { EventType } from "../../../store/model.js";
import type { ApiDependencies } from "../../dependencies.js";
import { type FieldError, refuse, type Refusal } from "../../http/errors.js";
import { refuseEventType, withVersion } from "../event-type-changes.js";
import type { DescribedType, ReadTypes } from "./described-type.js";
import type { DocumentReads } from "./document-reads.js";
import type { ImportNotice } from "./modern-schema.js";

const MAX_TYPES = 1_000;
/** So many schemas may one import have in all. A shared schema becomes part of each type that refers to it. */
const MAX_SCHEMAS_BYTES = 16 * 1024 * 1024;
const MAX_ERRORS = 20;

export interface ImportPlan {
  created: EventType[];
  changed: { before: EventType; after: EventType }[];
  unchanged: string[];
  /** Parts that are not taken. */
  skipped: ImportNotice[];
  /** What is read differently from how it is written. */
  warnings: ImportNotice[];
}

export interface ImportOrder {
  apiId: string;
  read: ReadTypes;
  /** Refuse the document when a part of it cannot be taken as it is. */
  strict: boolean;
  now: Date;
  /** The name of an api for the caller. Undefined when the caller may not know of the api. */
  nameOf: (apiId: string) => string | undefined;
}
interface Dependencies extends Pick<ApiDependencies, "store">, Pick<DocumentReads, "checkSchema"> {
  /** Ends the planning, which then is a refusal. */
  signal: AbortSignal;
}

/** Called for types that `checkSchema` has accepted, so nothing is compiled a second time. */
export const CHECKED: SchemaCompiler = () => ({ ok: true, validator: () => undefined });

/**
 * Compares the document with what is stored. The document decides everything about a type, except `validation` if it
 * does not mention that.
 */
export async function planImport(dependencies: Dependencies, order: ImportOrder): Promise<ImportPlan | Refusal> {
  const {
    read: { types, skipped, warnings },
    strict,
  } = order;
  if (types.length > MAX_TYPES)
    return refused([{ path: "", message: `must describe at most ${MAX_TYPES} event types` }]);
  const bytes = types.reduce((sum, { schema }) => sum + (schema ? Buffer.byteLength(JSON.stringify(schema)) : 0), 0);
  if (bytes > MAX_SCHEMAS_BYTES)
    return refused([{ path: "", message: "has schemas that are too large when what they share is written out" }]);
  const plan: ImportPlan = { created: [], changed: [], unchanged: [], skipped: [...skipped], warnings: [...warnings] };
  const seen = new Set<string>();
  for (const type of types) {
    if (strict && plan.skipped.length + plan.warnings.length >= MAX_ERRORS) break;
    if (seen.has(type.name))
      plan.skipped.push({ path: type.at, reason: `gives an event type the name of an earlier one, ${type.name}` });
    else {
      const refusal = await planOne(dependencies, order, type, plan);
      if (refusal) return refusal;
    }
    seen.add(type.name);
    // A comparison takes a millisecond. A thousand of them without a pause would delay every publish.
    await turn();
  }
  if (strict && plan.skipped.length + plan.warnings.length > 0)
    return refused(errorsOf([...plan.skipped, ...plan.warnings]));
  const nothing = plan.created.length + plan.changed.length + plan.unchanged.length === 0;
  return nothing
    ? refused([
        ...errorsOf(plan.skipped),
        { path: "", message: "describes no event that is sent" },
        ...errorsOf(plan.warnings),
      ])
    : plan;
}

const errorsOf = (notices: ImportNotice[]): FieldError[] =>
  notices.map(({ path, reason }) => ({ path, message: reason }));
const refused = (errors: FieldError[]): Refusal =>
  refuse("document_refused", undefined, { errors: errors.slice(0, MAX_ERRORS) });

/** Gives a refusal where the whole document is refused. */
async function planOne(
  { store, checkSchema, signal }: Dependencies,
  { apiId, now, nameOf }: ImportOrder,
  type: DescribedType,
  plan: ImportPlan,
): Promise<Refusal | undefined> {
  const skip = (path: string, reason: string): void => void plan.skipped.push({ path, reason });
  const before = await store.eventTypes.get(type.name);
  if (before && before.apiId !== apiId) {
    skip(
      type.at,
      `has a name that is taken: ${type.name} is an event type of ${nameOf(before.apiId) ?? "another api"}`,
    );
    return undefined;
  }
  const afterOf = (described: DescribedType): EventType =>
    before
      ? withVersion(before, mergedWith(before, described, now), now)
      : { ...mergedWith({ name: type.name, apiId, createdAt: now, updatedAt: now }, described, now), version: 1 };
  const isUnchanged = (after: EventType): boolean =>
    before !== undefined && isDeepStrictEqual(withoutTimes(before), withoutTimes(after));
  let after = afterOf(type);
  if (!isUnchanged(after)) {
    const examples = type.examples ?? [];
    const checked = type.schema && (await checkSchema({ schema: type.schema, examples }, signal));
    if (checked && "refused" in checked) return checked;
    if (checked?.ok && type.examples) {
      const fitting = examples.filter((_example, index) => {
        const fault = checked.examples[index];
        if (fault)
          plan.warnings.push({
            path: `${type.at} examples[${index}]${fault.path}`,
            reason: `${fault.message}, by the schema; the example is left out`,
          });
        return !fault;
      });
      const { examples: _all, ...rest } = type;
      after = afterOf(fitting.length > 0 ? { ...rest, examples: fitting } : rest);
    }
    const refusal = isUnchanged(after)
      ? undefined
      : refuseEventType(checked?.ok === false ? () => checked : CHECKED, after);
    if (refusal) {
      for (const { path, message } of (refusal.errors ?? []).slice(0, MAX_FAULTS)) skip(`${type.at} ${path}`, message);
      return undefined;
    }
  }
  if (isUnchanged(after)) plan.unchanged.push(type.name);
  else if (before) plan.changed.push({ before, after });
  else plan.created.push(after);
  return undefined;
}
/** Of one part, as each is told for itself. */
const MAX_FAULTS = 5;

/** A type that is marked as deprecated without a date keeps the date it has, or is deprecated from now on. */
export function mergedWith(
  before: EventType,
  { at: _at, deprecated, validation, deprecation, ...described }: DescribedType,
  now: Date,
): EventType {
  const { description: _description, schema: _schema, examples: _examples, deprecation: earlier, ...kept } = before;
  const dated = deprecation ?? (deprecated ? (earlier ?? { at: now }) : undefined);
  return { ...kept, ...described, ...(validation && { validation }), ...(dated && { deprecation: dated }) };
}

const withoutTimes = ({ createdAt: _createdAt, updatedAt: _updatedAt, ...type }: EventType) => ({ ...type });
