/** What people call a subscription. */
import type { Subscription } from "./model.js";
import { parsedUrl } from "../parsed-url.js";

/** Longest name that can be given, in characters. */
export const MAX_SUBSCRIPTION_NAME = 100;

/**
 * The name that was given, or the host of the URL as it is called. So a name in foreign letters passes for no other
 * host. Subscriptions without a name, and those of earlier releases, are called by their host.
 */
export const subscriptionName = ({ name, url }: Pick<Subscription, "name" | "url">): string =>
  name ?? parsedUrl(url)?.host ?? url;
