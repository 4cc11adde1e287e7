/** `GET /v1/recoveries/export`: what a filter names, as a file: what was sent again, for whom, and how it went. */
import type { Recovery } from "../../store/collections/recoveries.js";
import { exportFormat, MOST_EXPORTED } from "../export/export-file.js";
import { exportRoute, partsOf } from "../export/export-route.js";
import type { ApiRoute } from "../route.js";
import { recoveriesUpTo, recoveryListFilter } from "./recovery-list.js";
import { recoveryListQuery } from "./recovery-schemas.js";
import { recoveryFacts } from "./recovery-view.js";

const COLUMNS = [
  "id",
  "status",
  "mode",
  "subscriptionId",
  "groupId",
  "eventType",
  "statuses",
  "since",
  "until",
  "count",
  "sent",
  "delivered",
  "failedAgain",
  "underWay",
  "skipped",
  "ratePerSecond",
  "order",
  "reason",
  "error",
  "createdBy",
  "createdAt",
  "startedAt",
  "updatedAt",
] as const;

/** Its filter and its progress lie beside the rest, as a table has it. Several statuses are parted by blanks. */
function rowOf(recovery: Recovery) {
  const { filter, progress, release: _release, createdByName: _name, ...facts } = recoveryFacts(recovery);
  const { status: statuses, ...named } = filter;
  const { sent, delivered, failedAgain, underWay, skipped } = progress;
  return {
    ...facts,
    ...named,
    ...(statuses && { statuses: statuses.join(" ") }),
    sent,
    delivered,
    failedAgain,
    underWay,
    skipped: Object.values(skipped).reduce((sum, count) => sum + count, 0),
  };
}

export const recoveryExportRoute: ApiRoute = exportRoute({
  what: "recoveries",
  operationId: "exportRecoveries",
  tag: "Recoveries",
  act: "recoveries:read",
  summary: "Export recoveries",
  holds: "What `GET /v1/recoveries` lists with the same filters, newest first. `statuses` are those of the filter.",
  columns: COLUMNS,
  query: recoveryListQuery.extend({ format: exportFormat }),
  async find(context, query) {
    const filter = recoveryListFilter(context, query);
    if (!filter) return undefined;
    const found = await recoveriesUpTo(context, filter, MOST_EXPORTED);
    const count = Math.min(found.length, MOST_EXPORTED);
    return { count, exact: count === found.length, pages: partsOf(found, rowOf) };
  },
});
