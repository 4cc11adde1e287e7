/**
 * Makes the api `sealpost` with its event types, or brings them up to this release. It never takes over an api or an
 * event type that somebody else has made.
 */
import { isDeepStrictEqual } from "node:util";
import { changeEventType } from "../../api/catalogue/event-type-changes.js";
import { CHECKED } from "../../api/catalogue/import/plan.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { OWN_API, OWN_API_ID, OWN_API_NAME, ownEventTypes } from "../../catalogue/notices/own-api.js";
import { StoreError } from "../../store/store-error.js";
import type { Store } from "../../store/store.js";

/** Names that are taken by somebody else. Empty when all is in place. */
export interface OwnApiResult {
  taken: string[];
}

type OwnType = ReturnType<typeof ownEventTypes>[number];

/**
 * Idempotent, also when several processes do it at once. What is in place already costs no write. @throws StoreError
 * `unavailable`
 */
export async function ensureOwnApi(
  store: Store,
  catalogue: Pick<Catalogue, "api" | "eventType">,
): Promise<OwnApiResult> {
  const now = new Date();
  const api = catalogue.api(OWN_API_ID) ?? (await store.apis.get(OWN_API_ID));
  if (api && api.name !== OWN_API_NAME) return { taken: [OWN_API_ID] };
  if (!api) await unlessThere(store.apis.insert({ ...OWN_API, createdAt: now, updatedAt: now }));
  const taken: string[] = [];
  for (const type of ownEventTypes()) {
    const known = catalogue.eventType(type.name) ?? (await store.eventTypes.get(type.name));
    if (!known) await unlessThere(store.eventTypes.insert({ ...type, version: 1, createdAt: now, updatedAt: now }));
    else if (known.apiId !== OWN_API_ID) taken.push(type.name);
    else if (!isSame(known, type))
      await changeEventType({ store, compileSchema: CHECKED }, type.name, (before) => ({ ...before, ...type }));
  }
  return { taken };
}

const isSame = (known: Partial<OwnType>, { description, schema, examples }: OwnType): boolean =>
  known.description === description &&
  isDeepStrictEqual(known.schema, schema) &&
  isDeepStrictEqual(known.examples, examples);

async function unlessThere(insert: Promise<void>): Promise<void> {
  await insert.catch((error: unknown) => {
    if (!(error instanceof StoreError && error.code === "duplicate")) throw error;
  });
}
