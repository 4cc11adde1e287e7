/** What an activity knows of its own run. */
import { activityInfo, cancellationSignal } from "@temporalio/activity";
import { ApplicationFailure, ApplicationFailureCategory } from "@temporalio/common";

/** The id of the workflow that this activity is run for. Empty for an activity that has none. */
export const currentWorkflowId = (): string => activityInfo().workflowExecution?.workflowId ?? "";

/**
 * Aborted when the engine gives this run of a local activity up, as at its time-out. Its reason is a failure that is
 * tried again. The engine's own reason would end the activity as cancelled, and nobody wanted to cancel it.
 */
export function givenUpSignal(): AbortSignal {
  const givenUp = new AbortController();
  const giveUp = (): void =>
    givenUp.abort(
      ApplicationFailure.create({
        message: "The engine gave this run up. The next one goes on.",
        type: "given_up",
        category: ApplicationFailureCategory.BENIGN,
      }),
    );
  const engine = cancellationSignal();
  if (engine.aborted) giveUp();
  else engine.addEventListener("abort", giveUp, { once: true });
  return givenUp.signal;
}
