/**
 * What an operator reads in the Temporal UI as *Current Details*: why deliveries wait, and what to do. The UI shows it
 * as a page whose address holds the whole text, so it stays short. 16 KiB of headers pass, and an escaped character
 * takes up to nine bytes of them.
 */
import type { DeliveryStatus, RetryItem } from "../contract.js";
import { URGENCY } from "../search-attributes.js";

/** Reasons named one by one, and events named for each. The rest is counted. */
const REASONS = 6;
const EVENTS = 3;
const REASON_CHARACTERS = 160;

interface Bunch {
  status: DeliveryStatus;
  /** Named where the workflow has several subscriptions. */
  subscriptionId: string | undefined;
  reason: string | undefined;
  items: RetryItem[];
}

/**
 * Markdown for `currentDetails`, without payload or secret. The list begins with the reason that most needs a person.
 */
export function describe(
  items: readonly RetryItem[],
  parkOpenDays: number,
  subscriptionOf?: (item: RetryItem) => string,
): string {
  const bunches = bunchesOf(items, subscriptionOf);
  const lines = bunches.slice(0, REASONS).map(lineOf);
  const left = bunches.slice(REASONS).reduce((sum, bunch) => sum + bunch.items.length, 0);
  if (left > 0) lines.push(`- … and ${count(left)} for other reasons. The query \`state\` shows all.`);
  const advice = URGENCY.filter((status) => items.some((item) => item.status === status)).flatMap(
    (status) => adviceFor(status, items, { parkOpenDays, subscriptionOf }) ?? [],
  );
  return [lines.join("\n"), ...advice].join("\n\n");
}

/** Deliveries that stand in the same way for the same reason. */
function bunchesOf(items: readonly RetryItem[], subscriptionOf?: (item: RetryItem) => string): Bunch[] {
  const bunches = new Map<string, Bunch>();
  for (const item of items) {
    const subscriptionId = subscriptionOf?.(item);
    const key = `${item.status} ${subscriptionId ?? ""} ${item.reason ?? ""}`;
    const bunch = bunches.get(key) ?? { status: item.status, subscriptionId, reason: item.reason, items: [] };
    bunch.items.push(item);
    bunches.set(key, bunch);
  }
  return [...bunches.values()].sort(
    (a, b) => URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status) || b.items.length - a.items.length,
  );
}

function lineOf({ status, subscriptionId, reason, items }: Bunch): string {
  const [first] = items;
  const many = items.length > 1;
  const how = many ? count(items.length) : attempts(first?.attempts ?? 0);
  const events = items
    .slice(0, EVENTS)
    .map(({ eventId }) => `\`${eventId}\``)
    .join(", ");
  const more = items.length > EVENTS ? ` and ${items.length - EVENTS} more` : "";
  return (
    `- ${reason === undefined ? "" : `${plain(reason)} `}**${status[0]?.toUpperCase()}${status.slice(1)}**, ` +
    `${how}, ${subscriptionId === undefined ? "" : `for \`${subscriptionId}\`, `}event${many ? "s" : ""} ` +
    `${events}${more}.`
  );
}

const count = (number: number): string => `${number} ${number === 1 ? "delivery" : "deliveries"}`;
const attempts = (number: number): string => `${number} attempt${number === 1 ? "" : "s"}`;

function adviceFor(
  status: DeliveryStatus,
  items: readonly RetryItem[],
  { parkOpenDays, subscriptionOf }: { parkOpenDays: number; subscriptionOf: ((item: RetryItem) => string) | undefined },
): string | undefined {
  const some = items.filter((item) => item.status === status);
  const [first] = some;
  if (status === "parked") {
    return (
      "**What to do:** the consumer refused the data, so have the cause mended first. Then send the " +
      `signal \`retry\`: without input it means everything that waits here, ` +
      `with \`{"deliveryIds": ["${first?.deliveryId ?? ""}"]}\` only what is named` +
      (first && subscriptionOf
        ? `, and with \`{"subscriptionId": "${subscriptionOf(first)}"}\` only what goes there. `
        : ". ") +
      "The signal " +
      `\`cancel\` gives up. ` +
      `After ${parkOpenDays} days this workflow ends. Until the event is erased, \`POST ` +
      `/v1/deliveries/{id}/resend\` sends it again.`
    );
  }
  if (status === "held")
    return (
      "**Held:** the subscription is paused or disabled. Nothing is lost. Resume the " +
      "subscription and the deliveries go out."
    );
  if (status === "retrying")
    return (
      `**Retrying:** nothing has to be done. The next attempt is due at ${dueOf(some)}. The ` +
      `signal \`retry\` makes it now.`
    );
  if (status === "throttled")
    return `**Throttled:** nothing has to be done. What has the next slot goes on at ${dueOf(some)}.`;
  return undefined;
}

function dueOf(items: readonly RetryItem[]): string {
  const due = items.flatMap(({ dueAt }) => dueAt ?? []);
  return due.length === 0 ? "once a worker is free" : new Date(Math.min(...due)).toISOString();
}

/** As Markdown that shows the text and nothing else. */
function plain(text: string): string {
  const cut = text.length <= REASON_CHARACTERS ? text : `${text.slice(0, REASON_CHARACTERS)}…`;
  return cut
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_[\]|#~]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("://", ":&#47;/");
}
