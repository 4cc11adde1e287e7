/** `GET /v1/subscriptions/export`: what a filter names, as a file. No secret, contact or certificate is in it. */
import type { Subscription } from "../../../store/model.js";
import { exportFormat, MOST_EXPORTED } from "../../export/export-file.js";
import { exportRoute, partsOf } from "../../export/export-route.js";
import type { ApiRoute } from "../../route.js";
import { soughtSubscriptions, subscriptionFilter } from "../list.js";
import { subscriptionViewOf, type Viewer } from "../view.js";

const COLUMNS = [
  "id",
  "groupId",
  "externalId",
  "name",
  "url",
  "status",
  "statusReason",
  "health",
  "eventTypes",
  "filter",
  "signing",
  "auth",
  "clientCertExpiresAt",
  "verifiedAt",
  "createdAt",
  "updatedAt",
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

/** The subscription as the actor may see it, as texts. Several values of one member are parted by blanks. */
function rowOf(viewer: Viewer, subscription: Subscription): Row {
  const { health, eventTypes, signing, auth, ...view } = subscriptionViewOf(viewer, subscription);
  const auths = auth === undefined ? [] : Array.isArray(auth) ? auth : [auth];
  return {
    ...(Object.fromEntries(
      COLUMNS.flatMap((name) => {
        const value = name in view ? view[name as keyof typeof view] : undefined;
        return typeof value === "string" ? [[name, value]] : [];
      }),
    ) as Row),
    health: health.state,
    eventTypes: eventTypes.join(" "),
    signing: signing.schemes.join(" "),
    auth: auths.map(({ type }) => type).join(" "),
  };
}

const newestFirst = (a: Subscription, b: Subscription): number =>
  b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1);

export const subscriptionExportRoute: ApiRoute = exportRoute({
  what: "subscriptions",
  operationId: "exportSubscriptions",
  tag: "Subscriptions",
  act: "subscriptions:read",
  summary: "Export subscriptions",
  holds:
    "What `GET /v1/subscriptions` lists with the same filters, newest first, without secrets, contacts and " +
    "certificates.",
  columns: COLUMNS,
  query: subscriptionFilter.extend({ format: exportFormat }),
  async find(context, { format: _format, ...filter }) {
    const found = (await soughtSubscriptions(context, filter)).sort(newestFirst);
    const count = Math.min(found.length, MOST_EXPORTED);
    return { count, exact: count === found.length, pages: partsOf(found, (each) => rowOf(context, each)) };
  },
});
