/** Starts of workflows that prove nobody who may make them, on record. */
import type { RecordRefusal } from "../catalogue/publisher-proof.js";
import type { Core } from "./core.js";

/**
 * Counts, logs and records a refusal: the first of a minute at once, the others of its actor and workflow as one entry.
 * Rejects when the store does not take it.
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
