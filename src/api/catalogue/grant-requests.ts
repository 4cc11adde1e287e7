/** Grant requests. A consumer asks for a grant, and the provider of the api approves or refuses it. */
import { z } from "zod";
import { newId } from "../../store/ids.js";
import type { GrantRequest } from "../../store/model.js";
import { discoversApi, seesGrantRequest } from "../access/access.js";
import { recordAct } from "../access/audit.js";
import { tellOfGrant } from "../access/tell-notice.js";
import { ownAskers } from "../access/second-person.js";
import { refuse, type Refusal } from "../http/errors.js";
import { wakeSubscriptions } from "./groups.js";
import { created, ok, type Reply, type RequestContext, type ApiRoute, route } from "../route.js";
import {
  approvalInput,
  grantRequestId,
  grantRequestInput,
  grantRequestView,
  refusalInput,
} from "./grant-request-schemas.js";
import { requestViewFor, requestViewOf } from "./grant-request-view.js";
import { groupFor } from "../subscriptions/checks.js";

const params = z.strictObject({ id: grantRequestId });
type View = z.input<typeof grantRequestView>;

/**
 * The api of the grant, if this actor may ask for it. The actor must be able to find the api anyway. For a listed api
 * it may also ask for event types by name. Everything else answers as if it did not exist.
 */
function apiToAsk(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  grant: string,
): string | undefined {
  const apiId = catalogue.api(grant)?.id ?? catalogue.eventType(grant)?.apiId;
  return apiId !== undefined && discoversApi(actor, catalogue, apiId) ? apiId : undefined;
}

/** The request, if this actor sees it. */
async function find(
  { dependencies: { store }, actor }: RequestContext<"store">,
  id: string,
): Promise<GrantRequest | undefined> {
  const request = await store.grantRequests.get(id);
  return request && seesGrantRequest(actor, request) ? request : undefined;
}

async function ask(
  context: RequestContext<"store" | "catalogue" | "log">,
  input: z.output<typeof grantRequestInput>,
): Promise<Reply<View> | Refusal> {
  const { store, catalogue } = context.dependencies;
  const groupId = await groupFor(context, input.groupId);
  if (typeof groupId !== "string") return groupId;
  const { grant, reason } = input;
  if (apiToAsk(context, grant) === undefined) await catalogue.refresh();
  const apiId = apiToAsk(context, grant);
  if (apiId === undefined)
    return refuse("grant_unknown", undefined, {
      errors: [{ path: "grant", message: "names no api and no event type" }],
    });
  const grants = catalogue.group(groupId)?.grants ?? [];
  if (grants.includes(grant) || grants.includes(apiId)) return refuse("already_granted");
  const { request, existed } = await store.grantRequests.open({
    id: newId("grq"),
    groupId,
    grant,
    apiId,
    ...(reason !== undefined && { reason }),
    status: "open",
    requestedBy: context.actor.name,
    createdAt: new Date(),
  });
  if (existed) return ok(requestViewOf(request));
  await recordAct(context, "grant_request.create", request.id, { groupId, grant });
  tellOfGrant(context, "grant.requested", request);
  return created(requestViewOf(request), `/v1/grant-requests/${request.id}`);
}

type Decision = "approved" | "refused" | "withdrawn";
const ACTIONS: Record<Decision, string> = {
  approved: "grant_request.approve",
  refused: "grant_request.refuse",
  withdrawn: "grant_request.withdraw",
};

/** Answers an open request. Only the first answer counts. */
async function settle(
  context: RequestContext<"store" | "catalogue" | "log">,
  request: GrantRequest,
  status: Decision,
  reason: string | undefined,
): Promise<GrantRequest | Refusal> {
  const settled = await context.dependencies.store.grantRequests.settle(request.id, {
    status,
    decidedBy: context.actor.name,
    decidedAt: new Date(),
    ...(reason !== undefined && { decisionReason: reason }),
  });
  if (!settled) return refuse("request_settled");
  await recordAct(context, ACTIONS[status], request.id, {
    groupId: request.groupId,
    grant: request.grant,
    ...(reason !== undefined && { reason }),
  });
  if (status !== "withdrawn") tellOfGrant(context, `grant.${status}`, settled);
  return settled;
}

/**
 * First approves and then adds the grant. So if an approval and a refusal come at the same time, then only one counts.
 * If the process dies in between, then a second approval adds the grant. It does not bring back a grant that was taken
 * away later.
 */
async function approve(
  context: RequestContext<"store" | "catalogue" | "log" | "operations" | "settings">,
  id: string,
  reason: string | undefined,
): Promise<Reply<View> | Refusal> {
  const { store, catalogue } = context.dependencies;
  const request = await find(context, id);
  if (!request) return refuse("not_found");
  if (request.status === "open" && (await ownAskers(context, [request.requestedBy])).length > 0)
    return refuse("second_person_needed");
  if (request.granted || (request.status !== "open" && request.status !== "approved")) return refuse("request_settled");
  await catalogue.refresh();
  const apiId = catalogue.api(request.grant)?.id ?? catalogue.eventType(request.grant)?.apiId;
  // The event type may have been deleted and made anew under another api since then. The request was not for that one.
  if (apiId !== request.apiId)
    return refuse("grant_unknown", "The api or the event type of the request no longer exists.");
  if (!catalogue.group(request.groupId)) return refuse("group_unknown");
  const approved = request.status === "approved" ? request : await settle(context, request, "approved", reason);
  if ("refused" in approved) return approved;
  const group = await store.groups.update(request.groupId, (current) =>
    current.grants.includes(request.grant) ? current : { ...current, grants: [...current.grants, request.grant] },
  );
  if (!group) return refuse("group_unknown");
  await store.grantRequests.markGranted(id);
  await recordAct(context, "group.grant", request.groupId, { grant: request.grant, request: id });
  await wakeSubscriptions(context, request.groupId);
  return ok(requestViewOf(approved));
}

async function refuseOrWithdraw(
  context: RequestContext<"store" | "catalogue" | "log" | "settings">,
  id: string,
  status: "refused" | "withdrawn",
  reason?: string,
): Promise<Reply<View> | Refusal> {
  const request = await find(context, id);
  if (!request) return refuse("not_found");
  // Who asked may withdraw it instead.
  if (status === "refused" && request.status === "open" && (await ownAskers(context, [request.requestedBy])).length > 0)
    return refuse("second_person_needed");
  const settled = await settle(context, request, status, reason);
  return "refused" in settled ? settled : ok(requestViewOf(settled));
}

export const grantRequestRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/grant-requests",
    operationId: "askForGrant",
    tag: "Groups",
    act: "grants:ask",
    summary: "Ask for a grant",
    description:
      "The grant is for a listed api or one that is granted in part. It may be for the whole " +
      "api or for one of its event types by name. If a request is open already, then the answer " +
      "has that request and status 200.",
    body: grantRequestInput,
    response: { status: 201, description: "Asked", schema: grantRequestView },
    problems: ["group_unknown", "grant_unknown", "already_granted"],
    handle: async (context: RequestContext<"store" | "catalogue" | "log">, { body }) => ask(context, body),
  }),
  route({
    method: "get",
    path: "/v1/grant-requests/{id}",
    operationId: "readGrantRequest",
    tag: "Groups",
    act: "grants:read",
    summary: "Read a grant request",
    params,
    response: { status: 200, description: "The request", schema: grantRequestView },
    async handle(context: RequestContext<"store" | "settings" | "auditTally">, { params: { id } }) {
      const request = await find(context, id);
      return request ? ok(await requestViewFor(context, request)) : refuse("not_found");
    },
  }),
  route({
    method: "post",
    path: "/v1/grant-requests/{id}/approve",
    operationId: "approveGrantRequest",
    tag: "Groups",
    act: "grants:decide",
    summary: "Approve a grant request",
    description: "Adds the grant to the group.",
    params,
    body: approvalInput,
    bodyOptional: true,
    response: { status: 200, description: "The request as it is now", schema: grantRequestView },
    problems: ["request_settled", "grant_unknown", "group_unknown", "second_person_needed"],
    handle: async (
      context: RequestContext<"store" | "catalogue" | "log" | "operations" | "settings">,
      { params: { id }, body },
    ) => approve(context, id, body.reason),
  }),
  route({
    method: "post",
    path: "/v1/grant-requests/{id}/refuse",
    operationId: "refuseGrantRequest",
    tag: "Groups",
    act: "grants:decide",
    summary: "Refuse a grant request",
    params,
    body: refusalInput,
    response: { status: 200, description: "The request as it is now", schema: grantRequestView },
    problems: ["request_settled", "second_person_needed"],
    handle: async (context: RequestContext<"store" | "catalogue" | "log" | "settings">, { params: { id }, body }) =>
      refuseOrWithdraw(context, id, "refused", body.reason),
  }),
  route({
    method: "post",
    path: "/v1/grant-requests/{id}/withdraw",
    operationId: "withdrawGrantRequest",
    tag: "Groups",
    act: "grants:ask",
    summary: "Withdraw a grant request",
    params,
    response: { status: 200, description: "The request as it is now", schema: grantRequestView },
    problems: ["request_settled"],
    handle: async (context: RequestContext<"store" | "catalogue" | "log" | "settings">, { params: { id } }) =>
      refuseOrWithdraw(context, id, "withdrawn"),
  }),
];
