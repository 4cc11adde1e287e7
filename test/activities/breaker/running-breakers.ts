/** The breakers of a worker on the shared engines, with times of their own. */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import type { Logger } from "pino";
import { createBreakerGate } from "../../../src/activities/breaker/gate.js";
import { createOutcomeReports } from "../../../src/activities/breaker/outcome-reports.js";
import type { ActivityDependencies } from "../../../src/activities/index.js";
import type { Catalogue } from "../../../src/catalogue/catalogue.js";
import type { Metrics } from "../../../src/metrics.js";
import type { BreakerTiming } from "../../../src/workflows/breaker/breaker-contract.js";
import { SIGNAL } from "../../../src/workflows/contract.js";

export interface ChosenBreakers {
  timing?: Partial<BreakerTiming>;
  disableAfterDays?: number;
}

/** False when the workflow is not open any more. */
export async function signalled(signal: Promise<void>): Promise<boolean> {
  try {
    await signal;
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** What the attempts and the activities of a worker need. Without a choice there are no breakers. */
export function runningBreakers(
  chosen: ChosenBreakers | undefined,
  of: { client: Client; catalogue: Catalogue; log: Logger; taskQueue: string; metrics: Metrics },
) {
  const timing = chosen?.timing;
  const reports = createOutcomeReports({ ...of, ...(timing && { timing }) });
  const activities = (): Pick<ActivityDependencies, "breakers"> => ({
    breakers: {
      metrics: of.metrics,
      disableAfterDays: chosen?.disableAfterDays ?? 0,
      ...(timing?.dayMs !== undefined && { dayMs: timing.dayMs }),
      signalWake: (workflowId, signal) =>
        signalled(of.client.workflow.getHandle(workflowId).signal(SIGNAL.wake, signal)),
    },
  });
  return {
    close: () => reports.close(),
    attempts: chosen ? { breaker: createBreakerGate({ catalogue: of.catalogue, reports }) } : {},
    activities: chosen ? activities() : {},
  };
}
