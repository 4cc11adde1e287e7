/** `GET /v1/subscriptions/export`: what a filter names, as a file. No secret, contact or certificate is in it. */
import { z } from "zod";
import type { Subscription } from "../../../store/model.js";
import type { Actor } from "../../access/actor.js";
import { recordAct } from "../../access/audit.js";
import { csvCell, writePart } from "../../deliveries/delivery-export.js";
import { sendRefusal } from "../../http/respond.js";
import { SECURITY_HEADERS } from "../../http/security-headers.js";
import { parseQuery, validate } from "../../http/validate.js";
import type { ApiRoute, RequestContext } from "../../route.js";
import { soughtSubscriptions, subscriptionFilter } from "../list.js";
import { subscriptionViewOf } from "../view.js";

type Context = RequestContext<"store" | "catalogue">;

const exportQuery = subscriptionFilter.extend({
  format: z.enum(["jsonl", "csv"]).meta({ description: "One JSON object in each line, or CSV with a line of names" }),
});

const MOST_ROWS = 10_000;
/** So many lines are written at once. */
const PART = 250;
const CUT = `There are more than ${MOST_ROWS} subscriptions. Narrow the filter to get the others.`;
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

const lineOf = {
  jsonl: (row: Row) => `${JSON.stringify(row)}\n`,
  csv: (row: Row) => `${COLUMNS.map((column) => csvCell(row[column])).join(",")}\r\n`,
} as const;
const HEAD = { jsonl: "", csv: `${COLUMNS.join(",")}\r\n` } as const;
const END = { jsonl: `${JSON.stringify({ cut: CUT })}\n`, csv: `${csvCell(CUT)}\r\n` } as const;
const TYPE = { jsonl: "application/jsonl", csv: "text/csv; charset=utf-8" } as const;

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
      const { format, ...filter } = read.value;
      const found = (await soughtSubscriptions(context, filter)).sort(newestFirst);
      const rows = found.slice(0, MOST_ROWS);
      const cut = found.length > rows.length;
      await recordAct(context, "subscriptions.export", "subscriptions", { format, count: rows.length, cut });
      response.writeHead(200, {
        ...SECURITY_HEADERS,
        "content-type": TYPE[format],
        "content-disposition": `attachment; filename="subscriptions.${format}"`,
        ...(cut && { "sealpost-export-cut": "true" }),
      });
      await writePart(response, HEAD[format]);
      for (let at = 0; at < rows.length && !response.destroyed; at += PART) {
        const part = rows.slice(at, at + PART).map((each) => lineOf[format](rowOf(context.actor, each)));
        await writePart(response, part.join(""));
      }
      response.end(cut ? END[format] : "");
    },
  },
];
