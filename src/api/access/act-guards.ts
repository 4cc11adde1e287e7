/**
 * Finds writes that would change nothing. They begin no act, because a request that is refused must cost no entry of
 * the audit. A guard gives the answer without a second read of the store. If a change comes in between, then it still
 * cannot pass without an intent.
 */
import { objectsOf } from "../../store/audit/acts.js";
import { StoreError } from "../../store/store-error.js";
import type { Store } from "../../store/store.js";
import { SETTLED_STATUSES } from "../../workflows/contract.js";

/**
 * What the write would answer. Undefined when it may change something. @throws StoreError `duplicate`, as the write
 * would
 */
export type ActGuard = (
  part: string,
  method: string,
  args: readonly unknown[],
) => Promise<{ result: unknown } | undefined>;

export function createActGuard(store: Store): ActGuard {
  const { grantRequests } = store;
  /** Their handlers refuse to change an object by giving it back as it was. */
  const objects = objectsOf(store);

  async function ofObject(
    part: string,
    method: string,
    [first, change]: readonly unknown[],
  ): Promise<{ result: unknown } | undefined> {
    const id = typeof first === "string" ? first : idIn(first);
    const isUpdate = method === "update" && typeof change === "function";
    if (id === undefined || !(isUpdate || method === "delete" || method === "insert")) return undefined;
    // An object that no key opens any more can be deleted all the same.
    const found = await objects
      .get(part)
      ?.get(id)
      .then(
        (object) => ({ object }),
        () => undefined,
      );
    if (!found) return undefined;
    if (method === "insert") {
      if (found.object) throw new StoreError("duplicate", "An object with this id exists already.");
      return undefined;
    }
    if (!found.object) return { result: isUpdate ? undefined : false };
    // What throws refuses the deletion.
    if (method === "delete" && typeof change === "function") Reflect.apply(change, undefined, [found.object]);
    return isUpdate && Reflect.apply(change, undefined, [found.object]) === found.object
      ? { result: found.object }
      : undefined;
  }

  async function ofGrantRequest(method: string, [first]: readonly unknown[]): Promise<{ result: unknown } | undefined> {
    if (method === "settle" && typeof first === "string")
      return (await grantRequests.get(first))?.status === "open" ? undefined : { result: undefined };
    const [groupId, grant] = [textIn(first, "groupId"), textIn(first, "grant")];
    if (method !== "open" || groupId === undefined) return undefined;
    const { data } = await grantRequests.list({ limit: 250 }, { groupIds: [groupId], status: "open" });
    const request = data.find((each) => each.grant === grant);
    return request && { result: { request, existed: true } };
  }

  return async (part, method, args) => {
    if (part === "grantRequests") return ofGrantRequest(method, args);
    if (objects.has(part)) return ofObject(part, method, args);
    const settled =
      part === "operations" &&
      method === "cancel" &&
      SETTLED_STATUSES.some((status) => status === textIn(args[0], "status"));
    return settled ? { result: false } : undefined;
  };
}

/** The text in this field of an object. */
export function textIn(object: unknown, field: string): string | undefined {
  const value: unknown =
    typeof object === "object" && object !== null && Object.hasOwn(object, field)
      ? Reflect.get(object, field)
      : undefined;
  return typeof value === "string" ? value : undefined;
}

/** The id of the object that a write changes. Event types have a name instead. */
export const idIn = (object: unknown): string | undefined => textIn(object, "id") ?? textIn(object, "name");
