/** The notice that the audit does not verify. */
import type { Store } from "../store.js";
import { SERVICE_REASONS } from "./service-reasons.js";

/** Once a day, so that a check by the hour does not send mail by the hour. */
export async function tellAuditBroken({ notices }: Pick<Store, "notices">): Promise<void> {
  const at = new Date();
  await notices.add({
    id: `audit.broken/${at.toISOString().slice(0, 10)}`,
    kind: "audit.broken",
    at,
    reason: SERVICE_REASONS.audit_fault,
  });
}
