/** Names of event types out of names that documents give. */
import { eventTypeName } from "../../http/primitives.js";

/**
 * Addresses, names of channels and keys of webhooks are paths in many documents. So `/` becomes `.`. Slashes and blanks
 * at either end are removed.
 */
const fromPath = (name: string): string =>
  name
    .trim()
    .replace(/^\/+|\/+$/g, "")
    .replaceAll("/", ".");

export type Named = { ok: true; name: string; passedOver: string[] } | { ok: false };

/**
 * The first given name that can be the name of an event type. If there is none, then it is the first of the `places`
 * (an address, a key) that can. `passedOver` has the given names that cannot.
 */
export function firstName(given: readonly unknown[], places: readonly unknown[]): Named {
  const passedOver: string[] = [];
  for (const candidate of given) {
    if (typeof candidate !== "string") continue;
    const name = fromPath(candidate);
    if (isName(name)) return { ok: true, name, passedOver };
    passedOver.push(candidate.slice(0, 128));
  }
  const place = places.map((candidate) => (typeof candidate === "string" ? fromPath(candidate) : "")).find(isName);
  return place === undefined ? { ok: false } : { ok: true, name: place, passedOver };
}

const isName = (name: string): boolean => eventTypeName.safeParse(name).success;
