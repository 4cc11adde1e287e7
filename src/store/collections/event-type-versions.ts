/** The collection of earlier versions of event types. Its ids can be computed, so every read is by exact `_id`. */
import type { Collection } from "mongodb";
import { findByIds } from "../mongo/batch-insert.js";
import { parsedWhenRead } from "../mongo/catalogue-layouts.js";
import { guarded } from "../mongo/driver-errors.js";
import type { EventTypeVersion } from "../model.js";

/** Earlier versions of event types. The newest version is in the event type itself. */
export interface EventTypeVersionStore {
  /** Writes or overwrites it. */
  put(version: EventTypeVersion): Promise<void>;
  get(name: string, version: number): Promise<EventTypeVersion | undefined>;
  /** The versions with these numbers that exist, in this order. */
  getMany(name: string, versions: number[]): Promise<EventTypeVersion[]>;
  delete(name: string, versions: number[]): Promise<void>;
}

/** A version at rest. Schema and examples are text, because FerretDB refuses field names like `$ref`. */
export interface EventTypeVersionDocument {
  /** `<name>@<version>`. The name of an event type has no `@`. */
  _id: string;
  name: string;
  number: number;
  schema?: string;
  examples?: string;
  createdAt: Date;
  supersededAt: Date;
}

const idOf = (name: string, version: number): string => `${name}@${version}`;

/** The store of earlier versions over its collection. */
export function createEventTypeVersionStore(
  collection: Collection<EventTypeVersionDocument>,
  ferretDb: boolean,
): EventTypeVersionStore {
  async function getMany(name: string, versions: number[]): Promise<EventTypeVersion[]> {
    const found = await findByIds(
      collection,
      versions.map((version) => idOf(name, version)),
      { ferretDb },
    );
    const byNumber = new Map(found.map((document) => [document.number, document]));
    return versions.flatMap((version) => byNumber.get(version) ?? []).map(itemOf);
  }
  return {
    async put({ name, version, schema, examples, createdAt, supersededAt }) {
      const document = {
        name,
        number: version,
        createdAt,
        supersededAt,
        ...(schema && { schema: JSON.stringify(schema) }),
        ...(examples && { examples: JSON.stringify(examples) }),
      };
      await guarded((within) =>
        collection.replaceOne({ _id: idOf(name, version) }, document, { ...within, upsert: true }),
      );
    },
    get: async (name, version) => (await getMany(name, [version]))[0],
    getMany,
    async delete(name, versions) {
      await Promise.all(
        versions.map((version) => guarded((within) => collection.deleteOne({ _id: idOf(name, version) }, within))),
      );
    },
  };
}

function itemOf({
  name,
  number,
  schema,
  examples,
  createdAt,
  supersededAt,
}: EventTypeVersionDocument): EventTypeVersion {
  const item: EventTypeVersion = { name, version: number, createdAt, supersededAt };
  if (schema !== undefined) parsedWhenRead(item, "schema", schema);
  if (examples !== undefined) parsedWhenRead(item, "examples", examples);
  return item;
}
