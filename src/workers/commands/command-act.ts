/** Records what an operator does at the machine like an act over the API: intent, act, outcome. */
import { recordedAct } from "../../store/audit/acts.js";
import type { Store } from "../../store/store.js";
import { thisProcess } from "../process/process-name.js";

export interface CommandAct {
  /** The npm command. */
  operation: string;
  action: string;
  subject: string;
}

/**
 * Runs it, with what the act gives as the entry's detail. @throws StoreError when the intent cannot be recorded:
 * nothing is done then
 */
export async function recordedCommand(
  audit: Store["audit"],
  { operation, action, subject }: CommandAct,
  act: () => Promise<Record<string, unknown>>,
): Promise<void> {
  // The number of the user, because a name may be a person's.
  const actor = `command:${process.getuid?.() ?? "user"}`;
  await recordedAct(audit, { actor, subject, operation, write: operation, process: thisProcess() }, async () => ({
    action,
    subject,
    detail: await act(),
  }));
}
