/** The notice that the audit does not verify. */
import type { Store } from "../store.js";

/** Once a day, so that a check by the hour does not send mail by the hour. */
export async function tellAuditBroken({ notices }: Pick<Store, "notices">): Promise<void> {
  const at = new Date();
  await notices.add({
    id: `audit.broken/${at.toISOString().slice(0, 10)}`,
    kind: "audit.broken",
    at,
    reason: "A check has found a fault. Run npm run audit:verify, and compare with a copy that was stored elsewhere.",
  });
}
