/**
 * What happens to subscriptions, for all who listen in this process. The catalogue is in memory and follows the store,
 * so this asks the store nothing. It compares: a change of the health leaves `updatedAt` as it is, and what was deleted
 * has none. Who may see a subscription is compared too, so that those who may not any more learn that it is gone.
 */
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { Subscription } from "../../../store/model.js";
import { type ChangeWatch, POLL_MS } from "./change-watch.js";

/** A subscription as it stands. */
export interface WatchedSubscription extends Pick<Subscription, "id" | "groupId" | "status" | "health" | "updatedAt"> {
  /** The api of each event type at this time. A type may be deleted, and another api may take its name. */
  apiIds: readonly (string | undefined)[];
}

/** How it was and how it is. `before` is absent of a new one, and `now` of one that was deleted. */
export interface SubscriptionChange {
  before?: WatchedSubscription | undefined;
  now?: WatchedSubscription | undefined;
}

type Known = Pick<Catalogue, "subscriptions" | "eventType">;

function watchedOf(catalogue: Known, subscription: Subscription): WatchedSubscription {
  const { id, groupId, status, health, updatedAt, eventTypes } = subscription;
  const apiIds = eventTypes.map((name) => catalogue.eventType(name)?.apiId);
  return { id, groupId, status, updatedAt, apiIds, ...(health && { health }) };
}

/** All subscriptions as they stand. */
export const watchedSubscriptions = (catalogue: Known): WatchedSubscription[] =>
  [...catalogue.subscriptions()].map((each) => watchedOf(catalogue, each));

const stateOf = ({ status, health, updatedAt, apiIds }: WatchedSubscription): string =>
  `${updatedAt.getTime()} ${status} ${health?.state ?? ""} ${health?.since.getTime() ?? ""} ${apiIds.join()}`;

export function createSubscriptionWatch({
  catalogue,
  tell,
}: {
  catalogue: Known;
  /** Tells what changed. */
  tell: (changes: readonly SubscriptionChange[]) => void;
}): ChangeWatch {
  let timer: NodeJS.Timeout | undefined;
  /** What the last look saw: the state, and the object of the catalogue that it was made of. */
  let known = new Map<string, { of: Subscription; as: WatchedSubscription }>();
  let before = 0;

  /** What did not change is mostly the same object in the catalogue, and its types have the same apis. */
  const isSame = ({ of, as }: { of: Subscription; as: WatchedSubscription }, now: Subscription): boolean =>
    of === now && of.eventTypes.every((name, at) => catalogue.eventType(name)?.apiId === as.apiIds[at]);

  function asTheyStand(): typeof known {
    const now: typeof known = new Map();
    for (const each of catalogue.subscriptions()) {
      const then = known.get(each.id);
      now.set(each.id, then && isSame(then, each) ? then : { of: each, as: watchedOf(catalogue, each) });
    }
    return now;
  }

  function look(): void {
    const began = Date.now();
    const now = asTheyStand();
    const last = known;
    known = now;
    before = began;
    const changes: SubscriptionChange[] = [];
    for (const [id, each] of now) {
      const then = last.get(id);
      if (then !== each && (!then || stateOf(then.as) !== stateOf(each.as)))
        changes.push({ before: then?.as, now: each.as });
    }
    for (const [id, { as }] of last) if (!now.has(id)) changes.push({ before: as });
    tell(changes);
  }

  return {
    start() {
      if (timer !== undefined) return;
      known = asTheyStand();
      before = Date.now();
      timer = setInterval(look, POLL_MS).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      known = new Map();
    },
    seenBefore: () => (timer === undefined ? Date.now() : before),
  };
}
