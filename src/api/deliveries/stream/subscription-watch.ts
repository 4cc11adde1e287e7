/**
 * What happens to subscriptions, for all who listen in this process. The catalogue is in memory and follows the store,
 * so this asks the store nothing. It compares: a change of the health leaves `updatedAt` as it is, and what was deleted
 * has none.
 */
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { Subscription } from "../../../store/model.js";
import { type ChangeWatch, POLL_MS } from "./change-watch.js";

/** A subscription as it stands. */
export type WatchedSubscription = Pick<Subscription, "id" | "groupId" | "eventTypes" | "health" | "updatedAt"> & {
  status: Subscription["status"] | "deleted";
};

const stateOf = ({ status, health, updatedAt }: WatchedSubscription): string =>
  `${updatedAt.getTime()} ${status} ${health?.state ?? ""} ${health?.since.getTime() ?? ""}`;

export function createSubscriptionWatch({
  catalogue,
  tell,
}: {
  catalogue: Pick<Catalogue, "subscriptions">;
  /** Tells what changed. */
  tell: (changes: readonly WatchedSubscription[]) => void;
}): ChangeWatch {
  let timer: NodeJS.Timeout | undefined;
  let known = new Map<string, WatchedSubscription>();
  let before = 0;

  const asTheyStand = (): Map<string, WatchedSubscription> =>
    new Map([...catalogue.subscriptions()].map((each) => [each.id, each]));

  function look(): void {
    const began = Date.now();
    const now = asTheyStand();
    const last = known;
    known = now;
    before = began;
    const changed = [...now.values()].filter((each) => {
      const then = last.get(each.id);
      // What did not change is mostly the same object in the catalogue.
      return then !== each && (!then || stateOf(then) !== stateOf(each));
    });
    const deleted = [...last.values()]
      .filter(({ id }) => !now.has(id))
      .map((each): WatchedSubscription => ({ ...each, status: "deleted", updatedAt: new Date(began) }));
    tell([...changed, ...deleted]);
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
