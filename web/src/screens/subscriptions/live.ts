/** The list as it is now. Its figures change without any change of a subscription. */
import { type LiveKind, type LiveList, useLiveList } from "../../parts/rows/live-list.js";
import type { Subscription } from "../../parts/subscription/model.js";
import { parseSearch, stringifySearch } from "../../search-parameters.js";
import { subscriptionsSearch, type SubscriptionsSearch } from "./filters.js";
import { lookAtSubscriptions, subscriptionsPageQuery } from "./queries.js";

const SUBSCRIPTIONS: LiveKind<Subscription> = {
  follows: () => ({ about: ["subscription"] }),
  page(wanted) {
    const shown = subscriptionsSearch(parseSearch(wanted));
    return {
      queryKey: subscriptionsPageQuery(shown).queryKey,
      isNewest: shown.cursor === undefined,
      look: (signal) => lookAtSubscriptions(shown, signal),
    };
  },
  timeOf: ({ createdAt }) => createdAt,
};

export const useLiveSubscriptions = (search: SubscriptionsSearch): LiveList =>
  useLiveList(SUBSCRIPTIONS, stringifySearch({ ...search }));
