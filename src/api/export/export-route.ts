/**
 * The route of an export. One place for what all of them do: the filters of the list, the bound, the audit, the file.
 */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { Page, PageRequest } from "../../store/collection.js";
import { WIDEST_PAGE } from "../../store/mongo/paging.js";
import { recordAct } from "../access/audit.js";
import { withOwnIds } from "../external-ids.js";
import { reckon } from "../http/relative-time.js";
import { sendRefusal } from "../http/respond.js";
import { parseQuery, validate } from "../http/validate.js";
import type { RequestContext, ServedRoute } from "../route.js";
import { beginExport, type ExportFormat, type ExportRow, MOST_EXPORTED } from "./export-file.js";

type Context = RequestContext<"store" | "catalogue" | "auditTally">;

/** What a filter names, as the actor may see it. */
interface Exported<Column extends string> {
  /** How many there are, counted up to `MOST_EXPORTED`. */
  count: number;
  /** False: there are more than were counted. */
  exact: boolean;
  pages: AsyncIterable<readonly ExportRow<Column>[]> | Iterable<readonly ExportRow<Column>[]>;
}

interface ExportDeclaration<Q extends z.ZodType<{ format: ExportFormat }>, Column extends string> extends Pick<
  ServedRoute,
  "operationId" | "tag" | "act" | "summary"
> {
  /** Plural, in words. It names the path, the file and the entry in the audit. */
  what: string;
  /** When absent, `/v1/<what>/export`. */
  path?: ServedRoute["path"];
  /** What the file holds, and what it leaves out. Its bound is told behind it. */
  holds: string;
  columns: readonly Column[];
  query: Q & z.ZodObject;
  /** Undefined where the actor can be shown nothing. */
  find: (context: Context, query: z.output<Q>) => Promise<Exported<NoInfer<Column>> | undefined>;
}

/** `GET /v1/<what>/export`, if no other path is named. No page is read before the client has taken the one before. */
export function exportRoute<Q extends z.ZodType<{ format: ExportFormat }>, Column extends string>({
  what,
  path = `/v1/${what.replaceAll(" ", "-")}/export`,
  holds,
  columns,
  query: schema,
  find,
  ...declaration
}: ExportDeclaration<Q, Column>): ServedRoute {
  return {
    ...declaration,
    method: "get",
    path,
    description:
      `${holds} It has at most 10,000 rows. If there are more, then the header \`Sealpost-Export-Cut\` is \`true\` ` +
      "and the last line says so. The export is in the audit with its number of rows.",
    query: schema,
    responseType: ["application/jsonl", "text/csv"],
    response: { status: 200, description: "JSON Lines or CSV", schema: z.string() },
    async serve(context: Context, request: IncomingMessage, response) {
      const parsed = parseQuery(request.url ?? "");
      if (!parsed.ok) return sendRefusal(response, parsed.refusal);
      const read = validate<z.ZodObject>(schema, parsed.value, "query");
      if (!read.ok) return sendRefusal(response, read.refusal);
      // A window such as `-24h` becomes an instant, which is of the same type.
      const query = (await withOwnIds(context, reckon(read.value, Date.now()).query)) as z.output<Q>;
      const { format } = query;
      const name = what.replaceAll(" ", "_");
      const { count, exact, pages } = (await find(context, query)) ?? { count: 0, exact: true, pages: [] };
      await recordAct(context, `${name}.export`, name, { format, count, cut: !exact });
      const file = await beginExport(response, { what, format, columns, cut: !exact });
      let left = MOST_EXPORTED;
      for await (const page of pages) {
        const rows = page.slice(0, left);
        await file.write(rows);
        left -= rows.length;
        if (left === 0 || response.destroyed) break;
      }
      file.end();
    },
  };
}

/** Lines of a part of what lies in memory. */
const PART = 250;

/** What lies in memory, in parts, so that no more is made into text than the client takes. */
export function* partsOf<T, Row>(found: readonly T[], rowOf: (item: T) => Row): Generator<readonly Row[]> {
  for (let at = 0; at < found.length; at += PART) yield found.slice(at, at + PART).map(rowOf);
}

/** Each page of a list, as the rows that `rowsOf` makes of it. The next one is read when it is asked for. */
export async function* pagesOf<T, Row>(
  list: (page: PageRequest) => Promise<Page<T>>,
  rowsOf: (found: readonly T[]) => readonly Row[] | Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  let cursor: string | undefined;
  do {
    const page = await list({ limit: WIDEST_PAGE, ...(cursor !== undefined && { cursor }) });
    yield await rowsOf(page.data);
    cursor = page.next;
  } while (cursor !== undefined);
}
