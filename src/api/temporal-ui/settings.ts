/** The settings that the Temporal UI reads at its start, as they hold here. What the proxy refuses is not offered. */

export interface UiSettings {
  /** The only one that is shown. */
  namespace: string;
  /** Under which browsers reach the service. */
  publicUrl: string;
}

/**
 * The UI's own settings with ours over them.
 * @throws SyntaxError when they are not JSON
 */
export function overriddenSettings(text: string, { namespace, publicUrl }: UiSettings): string {
  const own: unknown = JSON.parse(text);
  return JSON.stringify({
    ...(typeof own === "object" ? own : {}),
    DefaultNamespace: namespace,
    ShowTemporalSystemNamespace: false,
    // Same origin, so the session's cookie goes with it.
    Codec: {
      Endpoint: `${new URL(publicUrl).origin}/codec`,
      PassAccessToken: false,
      IncludeCredentials: true,
      DefaultErrorMessage: "",
      DefaultErrorLink: "",
    },
    FeedbackURL: "",
    NotifyOnNewVersion: false,
    DisableNewsFetch: true,
    DisableWriteActions: false,
    WorkflowCancelDisabled: false,
    WorkflowSignalDisabled: false,
    WorkflowTerminateDisabled: true,
    WorkflowUpdateDisabled: true,
    WorkflowResetDisabled: true,
    WorkflowPauseDisabled: true,
    BatchActionsDisabled: true,
    StartWorkflowDisabled: true,
    ActivityCommandsDisabled: true,
  });
}
