/** Names of people and keys for the ids that stand in a record (`person:…`, `key:…`). */
import type { RequestContext } from "../route.js";
import { recordPeopleRead } from "./content-reads.js";

type Context = RequestContext<"store" | "auditTally">;

/**
 * The names of those that have one, by id. That names of people are shown is recorded first. @throws StoreError when it
 * cannot be recorded
 */
export async function namesOf(context: Context, actors: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const people: string[] = [];
  await Promise.all(
    [...new Set(actors)].map(async (actor) => {
      const [, kind, id] = /^(person|key):(.+)$/.exec(actor) ?? [];
      if (id === undefined) return;
      const { apiKeys, people: known } = context.dependencies.store;
      const name = kind === "key" ? (await apiKeys.get(id))?.name : (await known.get(id))?.displayName;
      if (name === undefined) return;
      names.set(actor, name);
      if (kind === "person") people.push(id);
    }),
  );
  await recordPeopleRead(context, people);
  return names;
}
