/** What a change of health writes into the record, and whom it is told. */
import type { Logger } from "pino";
import type { Metrics } from "../../metrics.js";
import type { Subscription } from "../../store/model.js";
import { tellNotice } from "../../store/notices/tell-notice.js";
import type { Store } from "../../store/store.js";
import type { SubscriptionHealth } from "../../store/subscription-health.js";
import type { HealthNote, TellHealthOrder } from "../../workflows/breaker/breaker-contract.js";

/**
 * The note as it lies in the record. Undefined if it is healthy, or was not disabled because a person has paused it.
 */
export function healthOf(note: HealthNote, { status, statusAt }: Subscription): SubscriptionHealth | undefined {
  if (note.state === "healthy") return undefined;
  if (note.state === "disabled") {
    if (status !== "disabled") return undefined;
    return {
      state: "disabled",
      since: statusAt ?? new Date(),
      ...(note.reason !== undefined && { reason: note.reason }),
    };
  }
  const { state, since, reason, nextProbeAt, disablesAt, breaker } = note;
  return {
    state,
    since: new Date(since),
    ...(reason !== undefined && { reason }),
    ...(nextProbeAt !== undefined && { nextProbeAt: new Date(nextProbeAt) }),
    ...(disablesAt !== undefined && { disablesAt: new Date(disablesAt) }),
    ...(breaker && { breaker: { ...breaker, openedAt: new Date(breaker.openedAt) } }),
  };
}

export interface TellingDependencies {
  store: Pick<Store, "notices">;
  metrics: Pick<Metrics, "breakerChanges">;
  log: Logger;
}

/** Counts, logs and announces a change of state. A probe or a renewed watch is none. */
export function tellChange(
  { store, metrics, log }: TellingDependencies,
  { id, groupId }: Subscription,
  { note, before, warning }: TellHealthOrder,
): void {
  const about = { at: new Date(), groupId, subscriptionId: id };
  const reason = note.reason === undefined ? {} : { reason: note.reason };
  const disablesAt = note.disablesAt === undefined ? undefined : new Date(note.disablesAt).toISOString();
  if (warning)
    tellNotice(
      store,
      {
        ...about,
        ...reason,
        id: `subscription.failing/${id}/${note.since}/${warning}`,
        kind: "subscription.failing",
        detail: { since: new Date(note.since).toISOString(), ...(disablesAt && { disablesAt }) },
      },
      log,
    );
  if (note.state === before) return;
  log.warn({ subscription: id, group: groupId, health: note.state, before, reason: note.reason }, "health changed");
  metrics.breakerChanges.inc({ to: note.state });
  if (note.state === "failing")
    tellNotice(
      store,
      {
        ...about,
        ...reason,
        id: `subscription.failing/${id}/${note.since}`,
        kind: "subscription.failing",
        ...(disablesAt && { detail: { disablesAt } }),
      },
      log,
    );
  if (note.state === "healthy" && before === "recovering")
    tellNotice(
      store,
      { ...about, id: `subscription.recovered/${id}/${Date.now()}`, kind: "subscription.recovered" },
      log,
    );
}
