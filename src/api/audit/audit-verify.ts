/** `GET /v1/audit/verify`: whether the chain of the audit is whole, and where it is not. */
import { z } from "zod";
import { type AuditVerification } from "../../store/audit/audit-chain.js";
import { tellAuditBroken } from "../../store/notices/audit-broken.js";
import type { Store } from "../../store/store.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";
import { auditVerification } from "../access/schemas.js";

const HEAD = /^([1-9]\d{0,15}):([A-Za-z0-9_-]{43})$/;

const query = z.strictObject({
  expect: z
    .string()
    .regex(HEAD, "A head is written <number>:<43 characters>")
    .optional()
    .meta({ description: "A head that was noted elsewhere: `<seq>:<mac>`. It must be in the chain" }),
});

/** A check reads all entries. So those who ask for the same at the same time share it. */
const underWay = new WeakMap<Store["audit"], Map<string, Promise<AuditVerification>>>();

async function verification(audit: Store["audit"], expect = ""): Promise<AuditVerification> {
  const running = underWay.get(audit) ?? new Map<string, Promise<AuditVerification>>();
  underWay.set(audit, running);
  const [, seq, mac] = HEAD.exec(expect) ?? [];
  const shared =
    running.get(expect) ??
    audit
      .verify(seq !== undefined && mac !== undefined ? { seq: Number(seq), mac } : undefined)
      .finally(() => running.delete(expect));
  running.set(expect, shared);
  return shared;
}

export const auditVerifyRoute: ApiRoute = route({
  method: "get",
  path: "/v1/audit/verify",
  operationId: "verifyAudit",
  tag: "Administration",
  act: "audit:read",
  summary: "Check the chain of the audit",
  description:
    "Reads every entry, so it takes some seconds for a million of them. One person or key may call it 5 times a " +
    "minute. A fault is told to admins once a day, unless only the head in `expect` is missing. " +
    "`npm run audit:verify` does the same, and compares with a copy that was stored elsewhere.",
  query,
  problems: ["rate_limited"],
  response: { status: 200, description: "What the check found", schema: auditVerification },
  async handle({ actor, dependencies: { store, limits } }: RequestContext<"store" | "limits">, { query: { expect } }) {
    const limited = await limits.refuse(actor, "audit", { group: undefined });
    if (limited) return limited;
    const found = await verification(store.audit, expect);
    // A head that somebody mistyped wakes nobody. Whoever gave it sees that it is not there.
    if (!found.ok && (expect === undefined || !(await verification(store.audit)).ok)) await tellAuditBroken(store);
    return ok({
      ok: found.ok,
      verifiedAt: new Date().toISOString(),
      chained: found.chained,
      unchained: found.unchained,
      head: found.head,
      open: found.open.length,
      ...(!found.ok && { fault: { kind: found.fault, seq: found.seq } }),
    });
  },
});
