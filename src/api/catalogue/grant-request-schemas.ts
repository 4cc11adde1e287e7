/** A consumer's request for a grant, and the answer to it. */
import { z } from "zod";
import { GRANT_REQUEST_STATUSES } from "../../store/model.js";
import { apiId, apiRef, groupId, groupRef } from "./schemas.js";
import { eventTypeName, prefixedId, instant, pageQuery, text } from "../http/primitives.js";

export const grantRequestId = prefixedId("grq");
const reason = text(1_000);

export const grantRequestInput = z
  .strictObject({
    groupId: groupRef
      .optional()
      .meta({ description: "The group that gets the grant. A consumer with one group may leave it out" }),
    grant: z.union([apiId, eventTypeName]).meta({ description: "Id of an api, or name of an event type" }),
    reason: reason.optional().meta({ description: "The reason for the request, which the provider reads" }),
  })
  .meta({ id: "GrantRequestInput" });
export const approvalInput = z.strictObject({ reason: reason.optional() }).meta({ id: "GrantApproval" });
export const refusalInput = z.strictObject({ reason }).meta({ id: "GrantRefusal" });
const grantRequestFilters = {
  status: z.enum(GRANT_REQUEST_STATUSES).optional(),
  groupId: groupRef.optional(),
  apiId: apiRef.optional(),
};
export const grantRequestFilterQuery = z.strictObject(grantRequestFilters);
export const grantRequestQuery = pageQuery.extend(grantRequestFilters);

export const grantRequestView = z
  .object({
    id: grantRequestId,
    groupId,
    grant: z.string(),
    apiId,
    reason: z.string().optional(),
    status: z.enum(GRANT_REQUEST_STATUSES),
    requestedBy: z.string(),
    requestedByName: z.string().optional().meta({ description: "Of the person or key. Shown to who may decide" }),
    secondPersonNeeded: z
      .boolean()
      .optional()
      .meta({ description: "It is open and the caller asked for it. So somebody else has to decide" }),
    createdAt: instant,
    decidedBy: z.string().optional().meta({ description: "Who answered or withdrew it" }),
    decidedByName: z.string().optional().meta({ description: "Of the person or key. Shown to who may decide" }),
    decidedAt: instant.optional(),
    decisionReason: z.string().optional(),
  })
  .meta({ id: "GrantRequest" });
