/** `GET /v1/subscriptions/export`: what a filter names, as a file. No secret, contact or certificate is in it. */
import { z } from "zod";
import type { Subscription } from "../../../store/model.js";
import type { Actor } from "../../access/actor.js";
import { recordAct } from "../../access/audit.js";
import { beginExport, exportFormat, MOST_EXPORTED } from "../../export/export-file.js";
import { withOwnIds } from "../../external-ids.js";
import { sendRefusal } from "../../http/respond.js";
import { parseQuery, validate } from "../../http/validate.js";
import type { ApiRoute, RequestContext } from "../../route.js";
import { soughtSubscriptions, subscriptionFilter } from "../list.js";
import { subscriptionViewOf } from "../view.js";

type Context = RequestContext<"store" | "catalogue">;

const exportQuery = subscriptionFilter.extend({ format: exportFormat });

/** So many lines are written at once. */
const PART = 250;
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
function rowOf(actor: Actor, subscription: Subscription): Row {
  const { health, eventTypes, signing, auth, ...view } = subscriptionViewOf(actor, subscription);
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

export const subscriptionExportRoutes: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/v1/subscriptions/export",
    operationId: "exportSubscriptions",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "Export subscriptions",
    description:
      "What `GET /v1/subscriptions` lists with the same filters, newest first, at most 10,000 of them, without " +
      "secrets, contacts and certificates. If there are more, then the header `Sealpost-Export-Cut` is `true` and " +
      "the last line says so. The export is in the audit with its number of rows.",
    query: exportQuery,
    responseType: "application/jsonl",
    response: { status: 200, description: "JSON Lines or CSV", schema: z.string() },
    async serve(context: Context, request, response) {
      const parsed = parseQuery(request.url ?? "");
      if (!parsed.ok) return sendRefusal(response, parsed.refusal);
      const read = validate(exportQuery, parsed.value, "query");
      if (!read.ok) return sendRefusal(response, read.refusal);
      const { format, ...filter } = await withOwnIds(context, read.value);
      const found = (await soughtSubscriptions(context, filter)).sort(newestFirst);
      const rows = found.slice(0, MOST_EXPORTED);
      const cut = found.length > rows.length;
      await recordAct(context, "subscriptions.export", "subscriptions", { format, count: rows.length, cut });
      const file = await beginExport(response, { what: "subscriptions", format, columns: COLUMNS, cut });
      for (let at = 0; at < rows.length && !response.destroyed; at += PART)
        await file.write(rows.slice(at, at + PART).map((each) => rowOf(context.actor, each)));
      file.end();
    },
  },
];
