/** `GET /v1/events/export`: what a filter names, as a file. It tells what was published, and no content of it. */
import type { z } from "zod";
import type { EventRecord } from "../../store/model.js";
import { MOST_EXPORTED } from "../export/export-file.js";
import { exportRoute, pagesOf } from "../export/export-route.js";
import type { ApiRoute } from "../route.js";
import { eventFilterOf, findCloudEvent } from "./events.js";
import { eventExportQuery, type eventView } from "./schemas.js";

const COLUMNS = [
  "id",
  "type",
  "apiId",
  "contentType",
  "size",
  "sha256",
  "groups",
  "acceptedAt",
  "expungedAt",
] as const satisfies readonly (keyof z.input<typeof eventView>)[];

/** The attributes of a CloudEvent are content, so they are left out. Several groups are parted by blanks. */
const rowOf = ({ id, type, apiId, contentType, size, sha256, groups, acceptedAt, expungedAt }: EventRecord) => ({
  id,
  type,
  apiId,
  contentType,
  size,
  sha256,
  ...(groups && { groups: groups.join(" ") }),
  acceptedAt: acceptedAt.toISOString(),
  ...(expungedAt && { expungedAt: expungedAt.toISOString() }),
});

export const eventExportRoute: ApiRoute = exportRoute({
  what: "events",
  operationId: "exportEvents",
  tag: "Events",
  act: "events:read",
  summary: "Export events",
  holds:
    "What `GET /v1/events` lists with the same filters, newest first, without payloads and CloudEvents attributes.",
  columns: COLUMNS,
  query: eventExportQuery,
  async find(context, query) {
    const { events } = context.dependencies.store;
    if (query.ceId !== undefined) {
      const found = await findCloudEvent(context, query);
      return { count: found.length, exact: true, pages: [found.map(rowOf)] };
    }
    const filter = eventFilterOf(context, query);
    if (!filter) return undefined;
    const pages = pagesOf(
      (page) => events.list(page, filter),
      (found) => found.map(rowOf),
    );
    return { ...(await events.count(filter, MOST_EXPORTED)), pages };
  },
});
