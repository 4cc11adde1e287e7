/** `GET /v1/deliveries/export`: what a filter names, as a file. It tells that and how deliveries went, and no content. */
import type { ServerResponse } from "node:http";
import { z } from "zod";
import { WIDEST_PAGE } from "../../store/mongo/paging.js";
import type { DeliveryFilter } from "../../store/store.js";
import { seesDelivery } from "../access/access.js";
import { recordAct } from "../access/audit.js";
import { beginExport, type ExportFile, exportFormat, MOST_EXPORTED } from "../export/export-file.js";
import { withOwnIds } from "../external-ids.js";
import { sendRefusal } from "../http/respond.js";
import { reckon } from "../http/relative-time.js";
import { parseQuery, validate } from "../http/validate.js";
import type { ApiRoute, RequestContext } from "../route.js";
import { deliveryFilter, deliveryFilterOf, judgeOf, order } from "./delivery-query.js";
import { deliverySummaryOf } from "./delivery-view.js";
import type { deliverySummary } from "./schemas.js";

type Summary = z.input<typeof deliverySummary>;
type Context = RequestContext<"store" | "catalogue">;

const exportQuery = deliveryFilter.extend({ format: exportFormat, order });

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

interface Export {
  filter: DeliveryFilter;
  file: ExportFile<Summary>;
  order: "asc" | "desc";
}

/** Writes page after page. No page is read before the client has taken the one before. */
async function writeRows(context: Context, response: ServerResponse, { filter, file, order }: Export): Promise<void> {
  const { store, catalogue } = context.dependencies;
  const summaryOf = deliverySummaryOf(catalogue);
  let cursor: string | undefined;
  let left = MOST_EXPORTED;
  do {
    const page = await store.deliveries.list(
      { limit: WIDEST_PAGE, order, ...(cursor !== undefined && { cursor }) },
      filter,
    );
    const seen = page.data.filter((delivery) => seesDelivery(context.actor, catalogue, delivery)).slice(0, left);
    await file.write(seen.map(summaryOf));
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
      const query = await withOwnIds(context, {
        ...reckoned.value,
        ...(typeof since === "string" && { since }),
        ...(typeof until === "string" && { until }),
      });
      const { format } = query;
      const filter = deliveryFilterOf(context, query);
      const { count, exact } = filter
        ? await context.dependencies.store.deliveries.count(filter, MOST_EXPORTED, judgeOf(context))
        : { count: 0, exact: true };
      await recordAct(context, "deliveries.export", "deliveries", { format, count, cut: !exact });
      const file = await beginExport(response, { what: "deliveries", format, columns: COLUMNS, cut: !exact });
      if (filter) await writeRows(context, response, { filter, file, order: query.order ?? "desc" });
      file.end();
    },
  },
];
