/** What an import would do: everything is decided and checked before the first write. */
import { setImmediate as turn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { EventType } from "../../store/model.js";
import type { ApiDependencies } from "../dependencies.js";
import { type FieldError, refuse, type Refusal } from "../errors.js";
import { refuseEventType, withVersion } from "../event-type-changes.js";
import type { DescribedType } from "./described-type.js";

const MAX_TYPES = 1_000;
/** Schemas of one import, in all: a shared schema becomes part of each type that refers to it. */
const MAX_SCHEMAS_BYTES = 16 * 1024 * 1024;
const MAX_ERRORS = 20;

export interface Plan {
  created: EventType[];
  changed: { before: EventType; after: EventType }[];
  unchanged: string[];
}

/** Compares what the document says with what is there. The document is the whole truth about a type, but for `validation` when it says nothing of it. */
export async function planImport(
  { store, compileSchema }: Pick<ApiDependencies, "store" | "compileSchema">, apiId: string, types: readonly DescribedType[], now: Date,
): Promise<Plan | Refusal> {
  if (types.length === 0) return refused([{ path: "", message: "describes no event that is sent" }]);
  if (types.length > MAX_TYPES) return refused([{ path: "", message: `must describe at most ${MAX_TYPES} event types` }]);
  const bytes = types.reduce((sum, { schema }) => sum + (schema ? Buffer.byteLength(JSON.stringify(schema)) : 0), 0);
  if (bytes > MAX_SCHEMAS_BYTES) return refused([{ path: "", message: "has schemas that are too large when what they share is written out" }]);
  const plan: Plan = { created: [], changed: [], unchanged: [] };
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const type of types) {
    if (errors.length >= MAX_ERRORS) break;
    if (seen.has(type.name)) errors.push({ path: type.at, message: "gives an event type the name of an earlier one" });
    else errors.push(...(await planOne({ store, compileSchema }, { apiId, type, now, plan })));
    seen.add(type.name);
    // Compiling a schema takes milliseconds: a thousand of them in one turn would hold up every publish.
    await turn();
  }
  return errors.length > 0 ? refused(errors.slice(0, MAX_ERRORS)) : plan;
}

const refused = (errors: FieldError[]): Refusal => refuse("document_refused", undefined, { errors });

async function planOne(
  { store, compileSchema }: Pick<ApiDependencies, "store" | "compileSchema">, { apiId, type, now, plan }: { apiId: string; type: DescribedType; now: Date; plan: Plan },
): Promise<FieldError[]> {
  const before = await store.eventTypes.get(type.name);
  if (before && before.apiId !== apiId) return [{ path: type.at, message: "has a name that is taken" }];
  const after = before ? withVersion(before, mergedWith(before, type, now), now) : { ...mergedWith({ name: type.name, apiId, createdAt: now, updatedAt: now }, type, now), version: 1 };
  if (before && isDeepStrictEqual(withoutTimes(before), withoutTimes(after))) {
    plan.unchanged.push(type.name);
    return [];
  }
  const refusal = refuseEventType(compileSchema, after);
  if (refusal) return (refusal.errors ?? []).map(({ path, message }) => ({ path: `${type.at} ${path}`, message }));
  if (before) plan.changed.push({ before, after });
  else plan.created.push(after);
  return [];
}

/** A type that is marked as deprecated without a date keeps the date it has, or is deprecated from now on. */
export function mergedWith(before: EventType, { at: _at, deprecated, validation, deprecation, ...described }: DescribedType, now: Date): EventType {
  const { description: _description, schema: _schema, examples: _examples, deprecation: earlier, ...kept } = before;
  const dated = deprecation ?? (deprecated ? (earlier ?? { at: now }) : undefined);
  return { ...kept, ...described, ...(validation && { validation }), ...(dated && { deprecation: dated }) };
}

const withoutTimes = ({ createdAt: _createdAt, updatedAt: _updatedAt, ...type }: EventType) => ({ ...type });
