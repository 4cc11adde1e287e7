/** Objects of the catalogue in memory by the ids that others gave them. */

type Named = { externalId?: string };

/** A change of the catalogue makes another map, so each map is read once. */
const read = new WeakMap<ReadonlyMap<string, Named>, ReadonlyMap<string, Named | "several">>();

/** Undefined also if several have it. Then none of them is meant rather than the wrong one. */
export function byExternalId<T extends Named>(items: ReadonlyMap<string, T>, externalId: string): T | undefined {
  const index = read.get(items) ?? indexOf(items);
  read.set(items, index);
  const found = index.get(externalId);
  return found === "several" ? undefined : (found as T | undefined);
}

function indexOf(items: ReadonlyMap<string, Named>): ReadonlyMap<string, Named | "several"> {
  const index = new Map<string, Named | "several">();
  for (const item of items.values()) {
    const { externalId } = item;
    if (externalId !== undefined) index.set(externalId, index.has(externalId) ? "several" : item);
  }
  return index;
}
