/** What is shown of a subscription that waits for a decision: who asked, and whether this actor may decide. */
import type { z } from "zod";
import type { Subscription } from "../../../store/model.js";
import { askersOf } from "../../../store/subscription-life.js";
import { mayAct } from "../../access/access.js";
import { namesOf } from "../../access/actor-names.js";
import { ownAskers } from "../../access/second-person.js";
import type { RequestContext } from "../../route.js";
import type { subscriptionView } from "../schemas.js";
import { subscriptionViewOf } from "../view.js";

type Context = RequestContext<"store" | "catalogue" | "settings" | "auditTally">;
type View = z.input<typeof subscriptionView>;

/** The subscription as the actor may see it. Who decides is told the names of those who asked. */
export async function decidableView(context: Context, subscription: Subscription): Promise<View> {
  const view = subscriptionViewOf(context, subscription);
  const askers = askersOf(subscription);
  if (askers.length === 0 || !mayAct(context.actor, "subscriptions:decide")) return view;
  const [names, own] = await Promise.all([namesOf(context, askers), ownAskers(context, askers)]);
  return {
    ...view,
    askedBy: askers.map((id) => {
      const name = names.get(id);
      return { id, ...(name !== undefined && { name }) };
    }),
    ...(own.length > 0 && { secondPersonNeeded: true }),
  };
}
