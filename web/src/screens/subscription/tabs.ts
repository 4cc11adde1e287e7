/** The parts of a subscription's page, as they stand in the address. */
import { type FrameSearch, frameSearch } from "../../search-parameters.js";

export const TABS = ["health", "deliveries", "settings", "security", "history"] as const;
export type Tab = (typeof TABS)[number];

export interface SubscriptionSearch extends FrameSearch {
  /** Health when absent. */
  tab?: Tab;
}

export function subscriptionSearch(given: Record<string, unknown>): SubscriptionSearch {
  const tab = TABS.find((each) => each === given["tab"]);
  return { ...frameSearch(given), ...(tab && { tab }) };
}
