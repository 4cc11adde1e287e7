/** What is shown of a grant request, and to whom. */
import type { z } from "zod";
import type { GrantRequest } from "../../store/model.js";
import { mayAct } from "../access/access.js";
import { namesOf } from "../access/actor-names.js";
import { ownAskers } from "../access/second-person.js";
import type { RequestContext } from "../route.js";
import type { grantRequestView } from "./grant-request-schemas.js";

type View = z.input<typeof grantRequestView>;

export const requestViewOf = ({
  id,
  groupId,
  grant,
  apiId,
  reason,
  status,
  requestedBy,
  createdAt,
  decidedBy,
  decidedAt,
  decisionReason,
}: GrantRequest): View => ({
  id,
  groupId,
  grant,
  apiId,
  ...(reason !== undefined && { reason }),
  status,
  requestedBy,
  createdAt: createdAt.toISOString(),
  ...(decidedBy !== undefined && { decidedBy }),
  ...(decidedAt && { decidedAt: decidedAt.toISOString() }),
  ...(decisionReason !== undefined && { decisionReason }),
});

/** Who may decide is told who asked and answered by name. */
export async function namedRequests(
  context: RequestContext<"store" | "auditTally">,
  requests: readonly GrantRequest[],
): Promise<View[]> {
  if (!mayAct(context.actor, "grants:decide")) return requests.map(requestViewOf);
  const names = await namesOf(
    context,
    requests.flatMap(({ requestedBy, decidedBy }) => [requestedBy, ...(decidedBy === undefined ? [] : [decidedBy])]),
  );
  return requests.map((request) => {
    const [asker, decider] = [names.get(request.requestedBy), names.get(request.decidedBy ?? "")];
    return {
      ...requestViewOf(request),
      ...(asker !== undefined && { requestedByName: asker }),
      ...(decider !== undefined && { decidedByName: decider }),
    };
  });
}

/** The same of one request. It also says whether it is the actor's own wish. */
export async function requestViewFor(
  context: RequestContext<"store" | "settings" | "auditTally">,
  request: GrantRequest,
): Promise<View> {
  const mayBeOwn = request.status === "open" && mayAct(context.actor, "grants:decide");
  const [[view = requestViewOf(request)], own] = await Promise.all([
    namedRequests(context, [request]),
    mayBeOwn ? ownAskers(context, [request.requestedBy]) : [],
  ]);
  return { ...view, ...(own.length > 0 && { secondPersonNeeded: true }) };
}
