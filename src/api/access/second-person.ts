/** Whether two actors are two people, for decisions that nobody takes alone. */
import type { Store } from "../../store/store.js";
import type { RequestContext } from "../route.js";

/** A key made by a key made by a key …: nobody does so by hand. */
const LONGEST_LINE = 10;

/**
 * Whether the two actors (names as in the audit) may be one person. A key counts as its maker, who has seen its secret.
 * So two keys of one maker are one person too. A consumer's key stands for the consumer that it was made for. A key
 * of an earlier release has no maker on record, and stands for itself.
 */
export async function mayBeOnePerson(store: Pick<Store, "apiKeys">, one: string, other: string): Promise<boolean> {
  const [its, theirs] = await Promise.all([lineOf(store, one), lineOf(store, other)]);
  return its.some((name) => theirs.includes(name));
}

/** The actor, who made its key, who made the key of that one, and so on. */
async function lineOf({ apiKeys }: Pick<Store, "apiKeys">, actor: string): Promise<string[]> {
  const line = [actor];
  while (line.length < LONGEST_LINE) {
    const id = /^key:(.+)$/.exec(line.at(-1) ?? "")?.[1];
    const key = id === undefined ? undefined : await apiKeys.get(id);
    const maker = key?.role === "consumer" ? undefined : key?.createdBy;
    if (maker === undefined || line.includes(maker)) break;
    line.push(maker);
  }
  return line;
}

/** Those of the askers (names as in the audit) about whose wishes the actor may not decide. None in a team of one. */
export async function ownAskers(
  { dependencies: { store, settings }, actor }: RequestContext<"store" | "settings">,
  askers: readonly string[],
): Promise<string[]> {
  if (!settings.twoPerson) return [];
  const own = await Promise.all(askers.map((asker) => mayBeOnePerson(store, actor.name, asker)));
  return askers.filter((_, index) => own[index]);
}
