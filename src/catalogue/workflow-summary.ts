/** The one line by which a workflow is known in the Temporal UI. */
import type { Subscription } from "../store/model.js";
import type { Catalogue } from "./catalogue.js";
import { parsedUrl } from "../parsed-url.js";

/** Temporal takes 400 bytes of a summary, sealed. Sealing adds some 200 (test/catalogue/workflow-summary.test.ts). */
const TYPE_BYTES = 80;
const TARGET_BYTES = 60;

export interface SummarisedDeliveries {
  groupId: string;
  subscriptionId: string;
  /** Further subscriptions. */
  others?: readonly unknown[];
}

/**
 * `payments.invoice.paid → Acme Bank`, or `… → Acme Bank and 2 others`: what is delivered to whom. Names only, and of
 * the endpoint at most its host.
 */
export function deliveryWorkflowSummary(
  catalogue: Pick<Catalogue, "group" | "subscription">,
  { groupId, subscriptionId, others = [] }: SummarisedDeliveries,
  eventTypes: readonly string[],
): string {
  const target = catalogue.group(groupId)?.name ?? hostOf(catalogue.subscription(subscriptionId)) ?? subscriptionId;
  const more = others.length === 0 ? "" : ` and ${others.length} other${others.length === 1 ? "" : "s"}`;
  return `${typesOf(eventTypes)} → ${cut(target, TARGET_BYTES)}${more}`;
}

/** `payments.invoice.paid`, or `payments.invoice.paid and 2 more types, 40 events`. */
export function eventsSummary(eventTypes: readonly string[]): string {
  return eventTypes.length > 1 ? `${typesOf(eventTypes)}, ${eventTypes.length} events` : typesOf(eventTypes);
}

function typesOf(eventTypes: readonly string[]): string {
  const [first = "", ...others] = new Set(eventTypes);
  const more = others.length === 0 ? "" : ` and ${others.length} more type${others.length === 1 ? "" : "s"}`;
  return `${cut(first, TYPE_BYTES)}${more}`;
}

/** The URL itself may hold a token. */
function hostOf(subscription: Pick<Subscription, "url"> | undefined): string | undefined {
  return subscription && parsedUrl(subscription.url)?.host;
}

/** One line of Markdown that shows the name, at most so many bytes of it. */
function cut(name: string, bytes: number): string {
  const line = name.replaceAll(/[\s\p{Cc}]+/gu, " ").replaceAll(/[\\`*[\]<>&|#~]/g, "");
  let kept = "";
  for (const character of line) {
    if (Buffer.byteLength(kept + character) > bytes) return `${kept.trimEnd()}…`;
    kept += character;
  }
  return kept;
}
