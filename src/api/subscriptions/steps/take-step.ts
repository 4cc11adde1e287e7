/** Takes one step in the life of a stored subscription, or says why it cannot be taken. */
import type { Role, Subscription } from "../../../store/model.js";
import { LIFE, LIFE_ACTS, type LifeAct, possibleActs, takeStep } from "../../../store/subscription-life.js";
import { maskUrls } from "../../../store/url-secrets.js";
import { recordToldAct } from "../../access/audit.js";
import { tellOfStep } from "../../access/tell-notice.js";
import { refuse, type Refusal } from "../../http/errors.js";
import type { DependencyName, RequestContext } from "../../route.js";

const SERVICE = "service";

/** The record names the service as the actor, whoever caused the act. */
export const asService = <K extends DependencyName>(context: RequestContext<K>): RequestContext<K> => ({
  ...context,
  actor: { ...context.actor, name: SERVICE },
});

/** For the record of the step. The service has no role. */
export const whoSteps = ({ actor: { name, role } }: RequestContext): { by: string; role?: Role } => ({
  by: name,
  ...(name !== SERVICE && { role }),
});

/** 409 with the present status and what is possible in it. */
export function statusConflict(subscription: Subscription): Refusal {
  const acts = possibleActs(subscription).filter(
    (act) => LIFE_ACTS[act] !== "service" && act !== "revise" && act !== "unverify",
  );
  const unverified = subscription.needsVerification ? " Its endpoint was changed and must be verified." : "";
  return refuse(
    "status_conflict",
    `The subscription is ${subscription.status}. ${LIFE[subscription.status].meaning}${unverified} ` +
      `Possible now: ${acts.join(", ") || "a change of the subscription"}.`,
  );
}

interface Order {
  reason?: string | undefined;
  /** Changed in the same write. */
  change?: (current: Subscription) => Subscription | undefined;
}

/** Takes the step on the stored subscription and records it, or says why not. Nothing is changed in part. */
export async function take(
  context: RequestContext<"store" | "catalogue" | "log">,
  id: string,
  act: LifeAct,
  { reason: given, change }: Order = {},
): Promise<Subscription | Refusal> {
  // The reason is in the history and in the audit, where others read it.
  const reason = given === undefined ? undefined : maskUrls(given);
  let refused: Subscription | undefined;
  let before: Subscription | undefined;
  const after = await context.dependencies.store.subscriptions.update(id, (current) => {
    const changed = change ? change(current) : current;
    before = current;
    const step =
      changed &&
      takeStep(changed, act, { ...whoSteps(context), at: new Date(), ...(reason !== undefined && { reason }) });
    refused = step?.ok ? undefined : current;
    return step?.ok ? step.subscription : current;
  });
  if (!after) return refuse("not_found");
  if (refused) return statusConflict(refused);
  await recordToldAct(context, `subscription.${act}`, id, {
    status: after.status,
    ...(reason !== undefined && { reason }),
  });
  tellOfStep(context, act, { before, after, reason });
  return after;
}
