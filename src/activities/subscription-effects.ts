/** What an answer of a consumer does to its subscription: 410 disables it, Retry-After pauses it. */
import type { Logger } from "pino";
import { createCounts } from "../counts.js";
import { recordedAct } from "../store/audit/acts.js";
import type { Subscription } from "../store/model.js";
import { tellNotice } from "../store/notices/tell-notice.js";
import type { Store } from "../store/store.js";
import { takeStep } from "../store/subscription-life.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { SubscriptionEffect } from "./attempt.js";
import { canonicalUrl } from "../endpoint/target/target-url.js";
import type { Throttle } from "./pace/throttle.js";

export interface SubscriptionEffects {
  /** Applies an effect. Repeated ones change nothing more. */
  apply(subscription: Subscription, effect: SubscriptionEffect): Promise<void>;
  /**
   * Whether one is being applied to this subscription. Its new status may be read elsewhere by then, and is not in the
   * catalogue of this process yet. Nothing more is sent to it.
   */
  isUnderWay(subscriptionId: string): boolean;
}

const disabledNotice = ({ id, groupId }: Subscription, { reason, at }: { reason: string; at: Date }) => ({
  id: `subscription.disabled/${id}/${at.getTime()}`,
  kind: "subscription.disabled" as const,
  at,
  groupId,
  subscriptionId: id,
  reason,
});

const disablingOf = (subject: string) => ({
  actor: "service",
  subject,
  operation: "disableSubscription",
  write: "subscriptions.update" as const,
  target: subject,
});

interface EffectsDependencies {
  store: Store;
  catalogue: Catalogue;
  throttle: Throttle;
  log: Logger;
}

/** Effects over store, catalogue and throttle. */
export function createSubscriptionEffects({
  store,
  catalogue,
  throttle,
  log,
}: EffectsDependencies): SubscriptionEffects {
  async function disable(subscription: Subscription, reason: string): Promise<void> {
    const at = new Date();
    // A late answer of an endpoint that the subscription has left says nothing of the new one.
    const disabled = (current: Subscription): Subscription | undefined => {
      const step = takeStep(current, "disable", { by: "service", reason, at });
      return step.ok && canonicalUrl(current.url) === canonicalUrl(subscription.url) ? step.subscription : undefined;
    };
    const before = await store.subscriptions.get(subscription.id);
    if (!before || !disabled(before)) return;
    await recordedAct(store.audit, disablingOf(subscription.id), async () => {
      let changed = false;
      await store.subscriptions.update(subscription.id, (current) => {
        const after = disabled(current);
        changed = after !== undefined;
        return after ?? current;
      });
      if (!changed) return undefined;
      log.warn({ subscription: subscription.id, group: subscription.groupId, reason }, "subscription disabled");
      tellNotice(store, disabledNotice(subscription, { reason, at }), log);
      return { action: "subscription.disable", subject: subscription.id, detail: { reason } };
    });
    await catalogue.refresh();
  }
  async function pause(subscription: Subscription, untilMs: number): Promise<void> {
    // A flood of 429s says the same again and again. Only a pause that ends a second later is news.
    if (throttle.pausedUntil(subscription) > untilMs - 1_000) return;
    await throttle.pause(subscription, untilMs);
    if (subscription.rateLimit) return;
    // Without a rate limit there is no bucket to ask. Other processes read the pause with the subscription.
    const pause = { throttledUntil: new Date(untilMs), throttledAt: new Date() };
    await store.subscriptions.update(subscription.id, (current) => ({ ...current, ...pause }));
  }
  const underWay = createCounts();
  return {
    async apply(subscription, effect) {
      underWay.change(subscription.id, 1);
      try {
        await (effect.kind === "disable" ? disable(subscription, effect.reason) : pause(subscription, effect.untilMs));
      } finally {
        underWay.change(subscription.id, -1);
      }
    },
    isUnderWay: (subscriptionId) => underWay.of(subscriptionId) > 0,
  };
}
