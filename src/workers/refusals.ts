/** Records starts of workflows without a proof of who may make them. */
import type { RecordRefusal } from "../catalogue/publisher-proof.js";
import type { Core } from "./core.js";

/**
 * Counts, logs and records a refusal. The first one of a minute is recorded at once. The others of the same actor and
 * workflow become one entry. Rejects when the store does not take it.
 */
export const createRefusalRecord =
  ({
    auditTally,
    metrics,
    log,
  }: Pick<Core, "auditTally" | "metrics"> & { log: Pick<Core["log"], "warn"> }): RecordRefusal =>
  async ({ workflowType, purpose, by = "anybody" }) => {
    metrics.unproven.inc({ purpose });
    log.warn({ workflowType, purpose, by }, "a workflow was refused: its start does not prove who may make it");
    await auditTally.record({
      actor: by,
      action: "start.refuse",
      subject: workflowType,
      counts: {},
      names: { purposes: [purpose] },
    });
  };
