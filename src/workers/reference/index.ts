/**
 * The generated parts of docs/reference. Each page has sections between `<!-- name: begin … -->` and `<!-- name: end
 * -->`. scripts/reference.mjs writes them, and test/docs/reference.test.ts compares them.
 */
import { problemsTable } from "../../api/http/problems-table.js";
import { settingsTable } from "../commands/settings-table.js";
import { deliveryHeadersTable, requestHeadersTable, reservedHeaders, securityHeadersTable } from "./http-headers.js";
import { metricsTable } from "./metrics.js";
import { actsTable, callsTable, publicCallsTable } from "./roles-and-acts.js";
import {
  deliveryStatusesTable,
  grantRequestStatusesTable,
  lifeActsTable,
  outcomeClassesTable,
  outcomesTable,
  recoveryStatusesTable,
  scheduleTable,
  subscriptionStatusesTable,
} from "./statuses-and-outcomes.js";

/** Page in docs/reference → name of a section → its Markdown. */
export const REFERENCE: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  "settings.md": { settings: settingsTable },
  "problems.md": { problems: problemsTable },
  "roles-and-acts.md": { acts: actsTable, calls: callsTable, "public calls": publicCallsTable },
  "statuses-and-outcomes.md": {
    "delivery statuses": deliveryStatusesTable,
    "outcome classes": outcomeClassesTable,
    outcomes: outcomesTable,
    schedule: scheduleTable,
    "subscription statuses": subscriptionStatusesTable,
    "subscription acts": lifeActsTable,
    "recovery statuses": recoveryStatusesTable,
    "grant request statuses": grantRequestStatusesTable,
  },
  "metrics.md": { metrics: metricsTable },
  "http-headers.md": {
    "delivery headers": deliveryHeadersTable,
    "request headers": requestHeadersTable,
    "security headers": securityHeadersTable,
    "reserved headers": reservedHeaders,
  },
};

/**
 * The page with its sections as the code has them now.
 * @throws Error when a section of REFERENCE has no place in the page
 */
export function withSections(page: string, text: string): string {
  let made = text;
  for (const [name, section] of Object.entries(REFERENCE[page] ?? {})) {
    const [begin, end] = [`<!-- ${name}: begin (made by scripts/reference.mjs) -->\n`, `<!-- ${name}: end -->`];
    const [before, rest] = cut(made, begin);
    const [, after] = cut(rest, end);
    if (before === undefined || after === undefined)
      throw new Error(`docs/reference/${page} has no place for "${name}".`);
    made = before + begin + section() + end + after;
  }
  return made;
}

function cut(text: string | undefined, at: string): [string, string] | [undefined, undefined] {
  const index = text?.indexOf(at) ?? -1;
  return text === undefined || index < 0
    ? [undefined, undefined]
    : [text.slice(0, index), text.slice(index + at.length)];
}
