/**
 * `GET /v1/deliveries/export`: what a filter names, as a file. It tells that and how deliveries went, and no content.
 */
import type { z } from "zod";
import { seesDelivery } from "../access/access.js";
import { exportFormat, MOST_EXPORTED } from "../export/export-file.js";
import { exportRoute, pagesOf } from "../export/export-route.js";
import type { ApiRoute } from "../route.js";
import { deliveryFilter, deliveryFilterOf, judgeOf, order } from "./delivery-query.js";
import { deliverySummaryOf } from "./delivery-view.js";
import type { deliverySummary } from "./schemas.js";

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
] as const satisfies readonly (keyof z.input<typeof deliverySummary>)[];

export const deliveryExportRoute: ApiRoute = exportRoute({
  what: "deliveries",
  operationId: "exportDeliveries",
  tag: "Deliveries",
  act: "deliveries:read",
  summary: "Export deliveries",
  holds: "What `GET /v1/deliveries` lists with the same filters, without payloads, requests and answers.",
  columns: COLUMNS,
  query: deliveryFilter.extend({ format: exportFormat, order }),
  async find(context, { order: direction = "desc", ...query }) {
    const { store, catalogue } = context.dependencies;
    const filter = deliveryFilterOf(context, query);
    if (!filter) return undefined;
    const summaryOf = deliverySummaryOf(catalogue);
    const pages = pagesOf(
      (page) => store.deliveries.list({ ...page, order: direction }, filter),
      (found) => found.filter((delivery) => seesDelivery(context.actor, catalogue, delivery)).map(summaryOf),
    );
    return { ...(await store.deliveries.count(filter, MOST_EXPORTED, judgeOf(context))), pages };
  },
});
