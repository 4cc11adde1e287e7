/** The decision about what a subscription asks for. Nobody decides about what they asked for themselves. */
import type { Subscription } from "../../../store/model.js";
import { askersOf } from "../../../store/subscription-life.js";
import { ownsEventType } from "../../access/access.js";
import { ownAskers } from "../../access/second-person.js";
import { refuse, type Refusal } from "../../http/errors.js";
import type { RequestContext } from "../../route.js";
import { take } from "./take-step.js";

type Act = "approve" | "reject";
type Context = RequestContext<"store" | "catalogue" | "log" | "settings">;

/** Somebody else may ask for more while it is looked up who asked. */
const TRIES = 5;

/**
 * Approves or rejects. Who owns the event types, and who asked for them, is checked on the subscription as it is at the
 * decision, because its consumer may change it meanwhile.
 */
export async function decide(
  context: Context,
  id: string,
  act: Act,
  reason: string | undefined,
): Promise<Subscription | Refusal> {
  for (let tries = 0; tries < TRIES; tries++) {
    const decided = await tryToDecide(context, id, act, reason);
    if (decided !== "asked meanwhile") return decided;
  }
  return refuse("second_person_needed", "More was asked for while it was decided. Read it again.");
}

async function tryToDecide(
  context: Context,
  id: string,
  act: Act,
  reason: string | undefined,
): Promise<Subscription | Refusal | "asked meanwhile"> {
  const before = await context.dependencies.store.subscriptions.get(id);
  if (!before) return refuse("not_found");
  const known = askersOf(before);
  const own = await ownAskers(context, known);
  let obstacle: "foreign" | "own" | "asked meanwhile" | undefined;
  const change = (current: Subscription): Subscription | undefined => {
    const names = [...current.eventTypes, ...(current.requestedEventTypes ?? [])];
    const askers = askersOf(current);
    obstacle = names.some((name) => !ownsEventType(context.actor, context.dependencies.catalogue, name))
      ? "foreign"
      : askers.some((asker) => own.includes(asker))
        ? "own"
        : askers.some((asker) => !known.includes(asker))
          ? "asked meanwhile"
          : undefined;
    return obstacle ? undefined : current;
  };
  const decided = await take(context, id, act, { reason, change });
  if (obstacle === "foreign") return refuse("forbidden", "An event type of it belongs to another provider.");
  if (obstacle === "own") return refuse("second_person_needed");
  return obstacle ?? decided;
}
