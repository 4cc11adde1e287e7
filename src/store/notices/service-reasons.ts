/** Reasons that the service gives for what it does by itself. Mail has them in each of its languages. */
export const SERVICE_REASONS = {
  tried_first: "It was disabled and resumed. One delivery goes first, to see whether the endpoint answers.",
  further_types: "It asks for further event types.",
  automatic: "Approval is automatic for its apis.",
  audit_fault:
    "A check has found a fault. Run npm run audit:verify, and compare with a copy that was stored elsewhere.",
} as const;
