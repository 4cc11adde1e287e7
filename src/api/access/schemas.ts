/** API keys, audit, codec and the state of the service. */
import { z } from "zod";
import { DEGRADED } from "../readiness.js";
import { AUDIT_FAULTS } from "../../store/audit/audit-chain.js";
import { groupsOfKey } from "../../store/key-groups.js";
import { ROLES } from "../../store/model.js";
import { type Act, ACTS, mayAct } from "./access.js";
import { apiRef, groupId, groupRef } from "../catalogue/schemas.js";
import { prefixedId, instant, instantInput, instantOrAgo, text } from "../http/primitives.js";
import { overlapSeconds } from "../overlap.js";

export const apiKeyId = prefixedId("key");

const act = z
  .enum(Object.keys(ACTS) as Act[])
  .meta({ id: "Act", description: "What a request does; each operation names its own as `x-act`" });

export const apiKeyInput = z
  .strictObject({
    name: text(128),
    role: z.enum(ROLES),
    groupId: groupRef
      .optional()
      .meta({
        description:
          "The group that a consumer key acts for. A consumer key needs this or `groupIds`. Other keys have neither",
      }),
    groupIds: z
      .array(groupRef)
      .min(1)
      .max(100)
      .refine((ids) => new Set(ids).size === ids.length, "must not name a group twice")
      .optional()
      .meta({ description: "The groups that a consumer key acts for, when they are several", uniqueItems: true }),
    apiIds: z
      .array(apiRef)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "The apis that a provider key is limited to. All when absent" }),
    scopes: z
      .array(act)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "The acts that the key is limited to, out of those of its role. All of them when absent" }),
    expiresAt: instantInput.optional(),
  })
  .superRefine((key, context) => {
    const path = [key.groupIds === undefined ? "groupId" : "groupIds"];
    const groups = groupsOfKey(key).length;
    if (key.groupId !== undefined && key.groupIds !== undefined)
      context.addIssue({ code: "custom", path, message: "must not stand beside `groupId`" });
    else if ((key.role === "consumer") !== groups > 0) {
      context.addIssue({
        code: "custom",
        path,
        message: key.role === "consumer" ? "is needed for a consumer key" : "belongs to consumer keys only",
      });
    }
    if (key.apiIds && key.role !== "provider")
      context.addIssue({ code: "custom", path: ["apiIds"], message: "belongs to provider keys only" });
    for (const [index, each] of (key.scopes ?? []).entries()) {
      if (!mayAct({ role: key.role }, each))
        context.addIssue({ code: "custom", path: ["scopes", index], message: "is no act of this role" });
      // A key that may change a connection could have it give any role to anybody. Limits on such a key would have no
      // effect.
      if (each === "connections:write")
        context.addIssue({
          code: "custom",
          path: ["scopes", index],
          message: "is for keys without scopes: a connection gives every role",
        });
    }
  })
  .meta({ id: "ApiKeyInput" });
export const apiKeyView = z
  .object({
    id: apiKeyId,
    name: z.string(),
    role: z.enum(ROLES),
    groupId: groupId.optional().meta({ description: "Present if it acts for one group" }),
    groupIds: z.array(groupId).optional().meta({ description: "All groups that a consumer key acts for" }),
    apiIds: z.array(z.string()).optional(),
    scopes: z.array(z.string()).optional(),
    createdAt: instant,
    createdBy: z.string().optional(),
    active: z.boolean().meta({ description: "Neither revoked nor expired" }),
    expiresAt: instant.optional(),
    revokedAt: instant.optional(),
    rotatedAt: instant.optional(),
    previousUntil: instant.optional().meta({ description: "Until then the secret before the last rotation works too" }),
    lastUsedAt: instant.optional().meta({ description: "In lists; to about a minute" }),
  })
  .meta({ id: "ApiKey" });
export const apiKeyWithSecret = apiKeyView
  .extend({ key: z.string().meta({ description: "The whole key. It is shown only once" }) })
  .meta({ id: "ApiKeyWithSecret" });

/** As long as the id of a delivery can be. */
const exactly = z.string().min(1).max(1_024).optional();
export const auditFilter = z.strictObject({
  actor: exactly,
  action: exactly,
  actionPrefix: exactly.meta({ description: "What the action begins with, such as `subscription.`" }),
  q: exactly.meta({ description: "An id: of the entry, of who acted, or of what was acted on" }),
  subject: exactly,
  since: instantOrAgo.optional(),
  until: instantOrAgo.optional(),
});
export const apiKeyRotation = z
  .strictObject({
    overlapSeconds: overlapSeconds(7, "How long the earlier key works too. 86,400 when absent. With 0 it ends at once"),
  })
  .meta({ id: "KeyRotation" });

export const auditVerification = z
  .object({
    ok: z.boolean().meta({ description: "The chain is whole, as far as the database alone can show it" }),
    verifiedAt: instant.meta({ description: "When the check was done" }),
    chained: z.int().meta({ description: "Entries of the chain, up to the fault if there is one" }),
    unchained: z.int().meta({ description: "Entries from before the chain" }),
    head: z
      .object({ seq: z.int(), mac: z.string() })
      .meta({
        description:
          "The last good entry. Keep it outside of the database, and give it as `expect` the next time. A database " +
          "that was set back is whole in itself",
      }),
    open: z.int().meta({ description: "Acts that were begun and have no outcome yet" }),
    fault: z
      .object({
        kind: z.enum(AUDIT_FAULTS),
        seq: z.int().meta({ description: "The number of the first entry that is not as it was written" }),
      })
      .optional()
      .meta({ description: "Absent if the chain is whole" }),
  })
  .meta({ id: "AuditVerification" });

export const auditView = z
  .object({
    id: z.string(),
    at: instant,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()).optional(),
    intent: z
      .string()
      .optional()
      .meta({
        description:
          "Id of the entry that began the act (`act.begin`), before anything was changed. Lists " +
          "leave that entry out once the outcome is recorded. The export has both",
      }),
    prev: z.string().optional().meta({ description: "MAC of the entry before" }),
    mac: z
      .string()
      .optional()
      .meta({ description: "HMAC-SHA-256 over the entry and `prev`, under a key that only the service has" }),
  })
  .meta({ id: "AuditEntry" });

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, "must be base64");
/** The remote codec protocol of Temporal, with payloads as protobuf JSON. */
export const payloads = z
  .object({
    // What newer clients add to the message (`externalPayloads`) is left out, as protobuf JSON readers do.
    payloads: z
      .array(z.object({ metadata: z.record(z.string().max(256), base64).optional(), data: base64.optional() }))
      .max(1_000),
  })
  .meta({ id: "TemporalPayloads", outputId: "TemporalPayloadsView" });

export const healthView = z
  .object({
    status: z.literal("ok"),
    version: z.string(),
    degraded: z
      .array(z.enum(DEGRADED))
      .optional()
      .meta({
        description:
          "What does not answer while publishes are still accepted. `temporal`: events are kept, and their workflows " +
          "start once it is back. `workers`: nobody makes the attempts",
      }),
  })
  .meta({ id: "Health" });
