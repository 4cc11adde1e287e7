/** What every administrative write does besides the write itself. */
import { once } from "node:events";
import { z } from "zod";
import type { AuditEntry } from "../../store/model.js";
import type { Page } from "../../store/collection.js";
import type { AuditFilter } from "../../store/store.js";
import { ok, type Reply, type RequestContext, type ApiRoute, route } from "../route.js";
import { auditFilter, auditView } from "./schemas.js";
import { SECURITY_HEADERS } from "../http/security-headers.js";
import { DEFAULT_LIMIT, pageOf, pageQuery } from "../http/primitives.js";

/**
 * Records the outcome of the act and lets this process see the change at once. The detail names fields and never
 * secrets. The beginning of the act was recorded before its first write (act-intents.ts). So the answer stays valid
 * even if this fails.
 */
export async function recordAct(
  { dependencies, actor, act }: RequestContext<"store" | "catalogue">,
  action: string,
  subject: string,
  detail?: Record<string, unknown>,
): Promise<void> {
  const entry = { actor: actor.name, action, subject, ...(detail && { detail }) };
  await (act ? act.record(entry) : dependencies.store.audit.append(entry));
  await dependencies.catalogue.refresh();
}

/** The same with the role in which it was done. Who may not know who it was is told that (told-acts.ts). */
export const recordToldAct = (
  context: RequestContext<"store" | "catalogue">,
  action: string,
  subject: string,
  detail: Record<string, unknown> = {},
): Promise<void> => recordAct(context, action, subject, { ...detail, role: context.actor.role });

/** The answer of a list. */
export function pageReply<T, V>(page: Page<T>, view: (item: T) => V): Reply<{ data: V[]; next: string | null }> {
  return ok({ data: page.data.map(view), next: page.next ?? null });
}

/** The page that a query asks for. */
export const pageRequest = ({ limit, cursor }: z.output<typeof pageQuery>) => ({
  limit: limit ?? DEFAULT_LIMIT,
  ...(cursor !== undefined && { cursor }),
});

const view = ({ at, ...entry }: AuditEntry): z.input<typeof auditView> => ({ ...entry, at: at.toISOString() });

const filterOf = ({
  actor,
  action,
  actionPrefix,
  q,
  subject,
  since,
  until,
}: z.output<typeof auditFilter>): AuditFilter => ({
  ...(actor !== undefined && { actor }),
  ...(action !== undefined && { action }),
  ...(actionPrefix !== undefined && { actionPrefix }),
  ...(q !== undefined && { q }),
  ...(subject !== undefined && { subject }),
  ...(since !== undefined && { since: new Date(since) }),
  ...(until !== undefined && { until: new Date(until) }),
});

export const auditRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/audit",
    operationId: "listAudit",
    tag: "Administration",
    act: "audit:read",
    summary: "List administrative acts, log-ins and refusals, newest first",
    description: "Filters are exact, but `actionPrefix`. The time `since` is included, and `until` is not.",
    query: pageQuery.extend(auditFilter.shape),
    response: { status: 200, description: "A page of acts", schema: pageOf(auditView) },
    handle: async ({ dependencies }: RequestContext<"store">, { query }) =>
      pageReply(await dependencies.store.audit.list(pageRequest(query), filterOf(query)), view),
  }),
  {
    method: "get",
    path: "/v1/audit/export",
    operationId: "exportAudit",
    tag: "Administration",
    act: "audit:read",
    summary: "Export the audit",
    description:
      "One entry in each line, in the order of the chain. Entries from before the chain come " +
      "last. The export itself is recorded.",
    responseType: "application/jsonl",
    response: { status: 200, description: "JSON Lines", schema: z.string() },
    async serve(context: RequestContext<"store" | "catalogue">, _request, response) {
      await recordAct(context, "audit.export", "audit");
      response.writeHead(200, {
        ...SECURITY_HEADERS,
        "content-type": "application/jsonl",
        "content-disposition": 'attachment; filename="audit.jsonl"',
      });
      for await (const entry of context.dependencies.store.audit.all()) {
        if (response.destroyed) return;
        if (!response.write(`${JSON.stringify(view(entry))}\n`))
          await Promise.race([once(response, "drain"), once(response, "close")]);
      }
      response.end();
    },
  },
];
