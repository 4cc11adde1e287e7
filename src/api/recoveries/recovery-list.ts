/** Which recoveries an actor is shown, in the list, its count and its export. */
import type { z } from "zod";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Recovery, RecoveryStore } from "../../store/collections/recoveries.js";
import type { RecoveryFilter } from "../../workflows/recovery/recovery-contract.js";
import { pagesOf } from "../export/export-route.js";
import type { RequestContext } from "../route.js";
import type { recoveryListQuery } from "./recovery-schemas.js";

/** A consumer sees those of its group, a provider limited to some apis its own. Undefined when nothing can be shown. */
export function recoveryListFilter(
  { actor, dependencies: { catalogue } }: RequestContext<"catalogue">,
  { status, apiId }: z.output<typeof recoveryListQuery>,
): Parameters<RecoveryStore["list"]>[1] | undefined {
  if (actor.groupIds?.length === 0) return undefined;
  return {
    ...(actor.groupIds && { groupIds: actor.groupIds }),
    ...(!actor.groupIds && actor.apiIds && { createdBy: actor.name }),
    ...(status && { status }),
    ...(apiId !== undefined && { sends: sendsOf(catalogue, apiId) }),
  };
}

/**
 * Those of the list, and one more than `most` if there is one. No index counts what can send events of an api. A
 * recovery is small, and people start few.
 */
export async function recoveriesUpTo(
  { dependencies: { store } }: RequestContext<"store">,
  filter: Parameters<RecoveryStore["list"]>[1],
  most: number,
): Promise<Recovery[]> {
  const found: Recovery[] = [];
  const pages = pagesOf(
    (page) => store.recoveries.list(page, filter),
    (some) => some,
  );
  for await (const page of pages) {
    found.push(...page);
    if (found.length > most) break;
  }
  return found.slice(0, most + 1);
}

/** Whether a recovery can send events of the api. What was deleted since is of no api. */
const sendsOf =
  (catalogue: Pick<Catalogue, "eventType" | "subscription">, apiId: string) =>
  ({ eventType, subscriptionId }: RecoveryFilter): boolean => {
    if (eventType === undefined && subscriptionId === undefined) return true;
    const types = eventType === undefined ? catalogue.subscription(subscriptionId ?? "")?.eventTypes : [eventType];
    return types?.some((name) => catalogue.eventType(name)?.apiId === apiId) ?? false;
  };
