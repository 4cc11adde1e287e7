/** What an operator reads in the Temporal UI: where each delivery stands, why, and what can be done there. */
import type { RetryItem } from "./contract.js";

/** Deliveries named one by one; the rest is counted. */
const NAMED = 20;

/** Markdown for `currentDetails`, without payload or secret. */
export function describe(items: readonly RetryItem[], parkOpenDays: number): string {
  const lines = items.slice(0, NAMED).map((item) => `| ${item.deliveryId} | **${item.status}** | ${item.attempts} | ${next(item)} | ${cell(item.reason ?? "")} |`);
  if (items.length > NAMED) lines.push(`| … and ${items.length - NAMED} more (query \`state\` shows all) | | | | |`);
  const parked = items.filter(({ status }) => status === "parked").length;
  const advice = parked === 0 ? "" : `\n\n${parked} parked: the consumer refused the data. Send the signal \`retry\` once the cause is mended, or \`cancel\` to give up. `
    + `Argument \`{}\` means all, \`{"deliveryIds": ["${items.find(({ status }) => status === "parked")?.deliveryId ?? ""}"]}\` some. `
    + `After ${parkOpenDays} days this workflow ends; the delivery can still be sent again with \`POST /v1/deliveries/{id}/resend\`.`;
  return `| delivery | status | attempts | next | why |\n|---|---|---|---|---|\n${lines.join("\n")}${advice}`;
}

function next({ status, dueAt }: RetryItem): string {
  if (status === "held") return "when the subscription is resumed";
  if (status === "parked") return "when told to";
  return dueAt === undefined ? "" : new Date(dueAt).toISOString();
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
