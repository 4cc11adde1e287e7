/** `GET /v1/deliveries/export`: what a filter names, as a file. It tells that and how deliveries went, and no content. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { z } from "zod";
import type { DeliveryFilter } from "../../store/store.js";
import { seesDelivery } from "../access/access.js";
import { recordAct } from "../access/audit.js";
import { sendRefusal } from "../http/respond.js";
import { reckon } from "../http/relative-time.js";
import { SECURITY_HEADERS } from "../http/security-headers.js";
import { parseQuery, validate } from "../http/validate.js";
import type { ApiRoute, RequestContext } from "../route.js";
import { deliveryFilter, deliveryFilterOf, judgeOf, order } from "./delivery-query.js";
import { deliverySummaryOf } from "./delivery-view.js";
import { type deliverySummary, MOST_COUNTED } from "./schemas.js";

type Summary = z.input<typeof deliverySummary>;
type Context = RequestContext<"store" | "catalogue">;

const exportQuery = deliveryFilter.extend({
  format: z.enum(["jsonl", "csv"]).meta({ description: "One JSON object in each line, or CSV with a line of names" }),
  order,
});

const MOST_ROWS = MOST_COUNTED;
const PAGE = 250;
const COLUMNS = [
  "id",
  "eventId",
  "eventType",
  "subscriptionId",
  "groupId",
  "status",
  "reason",
  "attemptCount",
  "lastStatus",
  "lastOutcome",
  "lastDurationMs",
  "createdAt",
  "updatedAt",
  "deliveredAt",
  "nextAttemptAt",
] as const satisfies readonly (keyof Summary)[];

/** A cell of a table (RFC 4180). One that a spreadsheet would take for a formula gets an apostrophe. */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined || typeof value === "number") return String(value ?? "");
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

interface Format {
  type: string;
  head: string;
  row(summary: Summary): string;
  /** The last line of a file that does not hold everything. */
  cut: string;
}
const CUT = `There are more than ${MOST_ROWS} deliveries. Narrow the filter to get the others.`;
const FORMATS: Readonly<Record<"jsonl" | "csv", Format>> = {
  jsonl: {
    type: "application/jsonl",
    head: "",
    row: (summary) => `${JSON.stringify(summary)}\n`,
    cut: `${JSON.stringify({ cut: CUT })}\n`,
  },
  csv: {
    type: "text/csv; charset=utf-8",
    head: `${COLUMNS.join(",")}\r\n`,
    row: (summary) => `${COLUMNS.map((column) => csvCell(summary[column])).join(",")}\r\n`,
    cut: `${csvCell(CUT)}\r\n`,
  },
};

/** Writes a part of a file. Resolves once the client takes more. */
export async function writePart(response: ServerResponse, text: string): Promise<void> {
  if (text === "" || response.write(text)) return;
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]);
  over.abort();
}

interface Export {
  filter: DeliveryFilter;
  format: Format;
  order: "asc" | "desc";
}

/** Writes page after page. No page is read before the client has taken the one before. */
async function writeRows(context: Context, response: ServerResponse, { filter, format, order }: Export): Promise<void> {
  const { store, catalogue } = context.dependencies;
  const summaryOf = deliverySummaryOf(catalogue);
  let cursor: string | undefined;
  let left = MOST_ROWS;
  do {
    const page = await store.deliveries.list({ limit: PAGE, order, ...(cursor !== undefined && { cursor }) }, filter);
    const seen = page.data.filter((delivery) => seesDelivery(context.actor, catalogue, delivery)).slice(0, left);
    await writePart(response, seen.map((delivery) => format.row(summaryOf(delivery))).join(""));
    left -= seen.length;
    cursor = page.next;
  } while (cursor !== undefined && left > 0 && !response.destroyed);
}

export const deliveryExportRoutes: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/v1/deliveries/export",
    operationId: "exportDeliveries",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "Export deliveries",
    description:
      "What `GET /v1/deliveries` lists with the same filters, at most 10,000 of them, without payloads, requests and " +
      "answers. If there are more, then the header `Sealpost-Export-Cut` is `true` and the last line says so. The " +
      "export is in the audit with its number of rows.",
    query: exportQuery,
    responseType: "application/jsonl",
    response: { status: 200, description: "JSON Lines or CSV", schema: z.string() },
    async serve(context: Context, request, response) {
      const parsed = parseQuery(request.url ?? "");
      if (!parsed.ok) return sendRefusal(response, parsed.refusal);
      const reckoned = validate(exportQuery, parsed.value, "query");
      if (!reckoned.ok) return sendRefusal(response, reckoned.refusal);
      const { since, until } = reckon(reckoned.value, Date.now()).query;
      const query = {
        ...reckoned.value,
        ...(typeof since === "string" && { since }),
        ...(typeof until === "string" && { until }),
      };
      const filter = deliveryFilterOf(context, query);
      const { count, exact } = filter
        ? await context.dependencies.store.deliveries.count(filter, MOST_ROWS, judgeOf(context))
        : { count: 0, exact: true };
      await recordAct(context, "deliveries.export", "deliveries", { format: query.format, count, cut: !exact });
      const format = FORMATS[query.format];
      response.writeHead(200, {
        ...SECURITY_HEADERS,
        "content-type": format.type,
        "content-disposition": `attachment; filename="deliveries.${query.format}"`,
        ...(!exact && { "sealpost-export-cut": "true" }),
      });
      await writePart(response, format.head);
      if (filter) await writeRows(context, response, { filter, format, order: query.order ?? "desc" });
      response.end(exact ? "" : format.cut);
    },
  },
];
