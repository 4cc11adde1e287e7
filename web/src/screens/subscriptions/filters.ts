/** The filters of the list of subscriptions as they stand in the address. */
import { type FrameSearch, frameSearch } from "../../search-parameters.js";

export type SubscriptionsSearch = FrameSearch;

/** What the address holds, as far as this list knows it. What the API calls `groupId` is this list's `group`. */
export const subscriptionsSearch = (given: Record<string, unknown>): SubscriptionsSearch =>
  frameSearch({ group: given["groupId"], ...given });

/** The query of `GET /v1/subscriptions`, without its page. */
export const subscriptionFilterOf = ({ group }: SubscriptionsSearch) => ({ ...(group && { groupId: group }) });

/** Whether anything narrows the list. */
export const isNarrowed = (search: SubscriptionsSearch): boolean => search.group !== undefined;
