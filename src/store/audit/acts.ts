/**
 * Records an act, whatever fails. Its intent is durable in the audit before anything is changed, and its outcome
 * follows. The outcome is missing if a process died or the store went away. Then it is completed later from the state
 * that the act has left.
 */
import { INTENT_ACTION } from "./audit-chain.js";
import type { AuditEntry } from "../model.js";
import type { NewAuditEntry, Store } from "../store.js";

/** An act that is about to change something. */
export interface Intent {
  actor: string;
  /** The object of the act. It is the id in the path, if there is one. */
  subject: string;
  /** The operation of the API, the command or the activity. */
  operation: string;
  /** The first thing it changes, `groups.insert`, and which one. */
  write: string;
  target?: string;
  /** `<host>/<process id>/<mark of its start>`. It shows whether the act can still be under way. */
  process?: string;
}

/** What an act without a recorded outcome has done. `unknown` when the present state does not show it. */
export type LeftBehind = "done" | "not_done" | "unknown";

/** The audit's part that acts need. */
export type ActAudit = Pick<Store["audit"], "append" | "settle">;

/** Puts the intent on record and gives its id. @throws StoreError: nothing may be changed then */
export const beginAct = (audit: Pick<ActAudit, "append">, { actor, subject, ...detail }: Intent): Promise<string> =>
  audit.append({ actor, action: INTENT_ACTION, subject, detail: { ...detail } });

/**
 * Runs an act of the service or of a command: intent, act, outcome. The act gives what its entry says, or undefined
 * when there was nothing to do. What fails after the intent is completed later. @throws what the act throws, and
 * StoreError when the intent fails
 */
export async function recordedAct(
  audit: ActAudit,
  intent: Intent,
  act: () => Promise<Omit<NewAuditEntry, "actor" | "intent"> | undefined>,
): Promise<void> {
  const begun = await beginAct(audit, intent);
  const outcome = await act();
  await audit.append({
    actor: intent.actor,
    ...(outcome ?? completion(intent.subject, intent.operation, "not_done")),
    intent: begun,
  });
}

/** Completes an act from its intent. False when its outcome is on record already. @throws StoreError */
export async function completeAct(store: Store, intent: AuditEntry): Promise<boolean> {
  const operation = textOf(intent.detail?.["operation"]) ?? "unknown";
  return store.audit.settle({
    actor: intent.actor,
    ...completion(intent.subject, operation, await leftBehind(store, intent)),
    intent: intent.id,
  });
}

const completion = (
  subject: string,
  operation: string,
  outcome: LeftBehind,
): Pick<NewAuditEntry, "action" | "subject" | "detail"> => ({
  action: "act.complete",
  subject,
  detail: { operation, outcome },
});

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** How a store of objects describes one of them. */
interface Objects {
  get(id: string): Promise<object | undefined>;
}

/** The parts of the store that hold objects with an id, by their names. */
export function objectsOf(store: Store): ReadonlyMap<string, Objects> {
  const { apis, eventTypes, groups, subscriptions, apiKeys, samlConnections, recoveries, grantRequests, holds } = store;
  const objects: Record<string, Objects> = {
    apis,
    eventTypes,
    groups,
    subscriptions,
    apiKeys,
    samlConnections,
    recoveries,
    grantRequests,
    holds,
  };
  return new Map(Object.entries(objects));
}

/** Looks at what the act changes first. */
export async function leftBehind(store: Store, { detail, at }: Pick<AuditEntry, "detail" | "at">): Promise<LeftBehind> {
  const [where = "", how = ""] = (textOf(detail?.["write"]) ?? "").split(".");
  const target = textOf(detail?.["target"]);
  if (target === undefined) return "unknown";
  // The ledger is written first, and finished from it.
  if (where === "erasures")
    return (await store.erasures.entries(at)).some((entry) => entry.target === target) ? "done" : "not_done";
  const collection = objectsOf(store).get(where);
  if (!collection) return "unknown";
  // What no key opens any more is there all the same, and says nothing.
  const found = await collection.get(target).then(
    (object) => ({ object }),
    () => undefined,
  );
  if (!found) return "unknown";
  if (how === "insert") return found.object ? "done" : "not_done";
  if (how === "delete") return found.object ? "not_done" : "done";
  return found.object && isOlder(found.object, at) ? "not_done" : "unknown";
}

const isOlder = (object: object, at: Date): boolean =>
  "updatedAt" in object && object.updatedAt instanceof Date && object.updatedAt < at;
