/**
 * Writing event types: what is checked before, and how a changed schema becomes a new version. The routes and the
 * import use it.
 */
import { isDeepStrictEqual } from "node:util";
import type { EventType } from "../../store/model.js";
import { StoreError } from "../../store/store-error.js";
import type { Store } from "../../store/store.js";
import type { ApiDependencies } from "../dependencies.js";
import { type FieldError, refuse, type Refusal } from "../http/errors.js";

/** Of the examples of one version, as JSON. */
const MAX_EXAMPLES_BYTES = 256 * 1024;
const MAX_CONFLICTS = 50;

/**
 * Why an event type cannot be as given. Its schema or an example may be wrong, or it asks for a check without a schema.
 */
export function refuseEventType(
  compileSchema: ApiDependencies["compileSchema"],
  { name, schema, examples, validation, deprecation }: EventType,
): Refusal | undefined {
  if (validation !== undefined && validation !== "off" && !schema) return invalid("validation", "needs a schema");
  if (deprecation?.replacedBy === name) return invalid("deprecation.replacedBy", "must be another event type");
  const compiled = schema && compileSchema(schema);
  if (compiled && !compiled.ok)
    return refuse("schema_refused", undefined, {
      errors: compiled.faults.map(({ path, message }) => ({ path: `schema${path}`, message })),
    });
  if (examples && Buffer.byteLength(JSON.stringify(examples)) > MAX_EXAMPLES_BYTES)
    return invalid("examples", `must have at most ${MAX_EXAMPLES_BYTES} bytes`);
  const errors: FieldError[] = (examples ?? []).flatMap((example, index) => {
    const faults = compiled?.validator(example, Buffer.byteLength(JSON.stringify(example))) ?? [];
    return faults.map(({ path, message }) => ({ path: `examples[${index}]${path}`, message }));
  });
  return errors.length === 0 ? undefined : refuse("example_refused", undefined, { errors: errors.slice(0, 20) });
}

const invalid = (path: string, message: string): Refusal =>
  refuse("invalid_request", undefined, { errors: [{ path, message }] });

/** The event type as it will be. If its schema changes, then it gets the next version. */
export function withVersion(before: EventType, after: EventType, now: Date): EventType {
  if (isDeepStrictEqual(before.schema, after.schema)) return after;
  return { ...after, version: (before.version ?? 1) + 1, versionAt: now };
}

/**
 * Changes an event type. The version that it had is written down first, so that it is never missing. A repeat after a
 * crash overwrites it with the same content. Gives undefined when there is no such type. Throws StoreError
 * `unavailable`.
 */
export async function changeEventType(
  { store, compileSchema }: Pick<ApiDependencies, "store" | "compileSchema">,
  name: string,
  change: (before: EventType) => EventType,
): Promise<{ type: EventType; before: EventType } | Refusal | undefined> {
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
    const before = await store.eventTypes.get(name);
    if (!before) return undefined;
    const now = new Date();
    const after = withVersion(before, change(before), now);
    const refusal = refuseEventType(compileSchema, after);
    if (refusal) return refusal;
    if (after.version !== before.version) await store.eventTypeVersions.put(supersededBy(before, now));
    const outcome = await replaceUnchanged(store, before, after);
    if (outcome === "gone") return undefined;
    if (outcome !== "conflict") return { type: outcome, before };
  }
  throw new StoreError("unavailable", "This event type is being changed by too many at once. Try again.");
}

const supersededBy = ({ name, version = 1, schema, examples, versionAt, createdAt }: EventType, now: Date) => ({
  name,
  version,
  ...(schema && { schema }),
  ...(examples && { examples }),
  createdAt: versionAt ?? createdAt,
  supersededAt: now,
});

class ChangedMeanwhile extends Error {}

/** Writes `after` if the stored object is still `before`. Each write gives it a later `updatedAt`. */
async function replaceUnchanged(
  store: Store,
  before: EventType,
  after: EventType,
): Promise<EventType | "gone" | "conflict"> {
  try {
    const written = await store.eventTypes.update(before.name, (current) => {
      if (current.updatedAt.getTime() !== before.updatedAt.getTime()) throw new ChangedMeanwhile();
      return after;
    });
    return written ?? "gone";
  } catch (error) {
    if (error instanceof ChangedMeanwhile) return "conflict";
    throw error;
  }
}
