/** What every administrative write does besides the write itself. */
import type { z } from "zod";
import type { AuditEntry } from "../store/model.js";
import type { Page } from "../store/store.js";
import { ok, type Reply, type RequestContext, type Route, route } from "./route.js";
import { auditView } from "./schemas/administration.js";
import { DEFAULT_LIMIT, pageOf, pageQuery } from "./schemas/primitives.js";

/** Records the act and lets this process see the change at once. The detail names fields, never secrets. */
export async function recordAct(
  { dependencies, actor }: RequestContext, action: string, subject: string, detail?: Record<string, unknown>,
): Promise<void> {
  await dependencies.store.audit.append({ actor: actor.name, action, subject, ...(detail && { detail }) });
  await dependencies.catalogue.refresh();
}

/** The answer of a list. */
export function pageReply<T, V>(page: Page<T>, view: (item: T) => V): Reply<{ data: V[]; next: string | null }> {
  return ok({ data: page.data.map(view), next: page.next ?? null });
}

/** The page that a query asks for. */
export const pageRequest = ({ limit, cursor }: z.output<typeof pageQuery>) => ({ limit: limit ?? DEFAULT_LIMIT, ...(cursor !== undefined && { cursor }) });

const view = ({ id, at, actor, action, subject, detail }: AuditEntry): z.input<typeof auditView> =>
  ({ id, at: at.toISOString(), actor, action, subject, ...(detail && { detail }) });

export const auditRoutes: readonly Route[] = [
  route({
    method: "get", path: "/v1/audit", operationId: "listAudit", tag: "Administration", act: "audit:read",
    summary: "List administrative acts, newest first",
    query: pageQuery, response: { status: 200, description: "A page of acts", schema: pageOf(auditView) },
    handle: async ({ dependencies }, { query }) => pageReply(await dependencies.store.audit.list(pageRequest(query)), view),
  }),
];
