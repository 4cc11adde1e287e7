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

/** Who may decide is told who asked by name, and whether it is their own wish. */
export async function requestViewFor(
  context: RequestContext<"store" | "settings" | "auditTally">,
  request: GrantRequest,
): Promise<View> {
  if (!mayAct(context.actor, "grants:decide")) return requestViewOf(request);
  const { requestedBy, decidedBy, status } = request;
  const [names, own] = await Promise.all([
    namesOf(context, [requestedBy, ...(decidedBy === undefined ? [] : [decidedBy])]),
    status === "open" ? ownAskers(context, [requestedBy]) : [],
  ]);
  const [asker, decider] = [names.get(requestedBy), names.get(decidedBy ?? "")];
  return {
    ...requestViewOf(request),
    ...(asker !== undefined && { requestedByName: asker }),
    ...(decider !== undefined && { decidedByName: decider }),
    ...(own.length > 0 && { secondPersonNeeded: true }),
  };
}
