import { activityInfo } from "@temporalio/activity";

/** The id of the workflow that this activity is run for. Empty for an activity that has none. */
export const currentWorkflowId = (): string => activityInfo().workflowExecution?.workflowId ?? "";
