/** What came back from an attempt, as short as in a list: the HTTP status, or what stood in the way. */
import { t } from "../i18n/index.js";

interface OutcomeProps {
  outcome: string;
  status?: number | undefined;
}

export function Outcome({ outcome, status }: OutcomeProps) {
  return <code title={outcome}>{shortOutcome(outcome, status)}</code>;
}

/** `400`, `TLS`, `time-out`, … */
export function shortOutcome(outcome: string, status: number | undefined): string {
  if (status !== undefined) return String(status);
  const kind = KINDS.find(([start]) => outcome.startsWith(start))?.[1];
  return t(kind === undefined ? "outcome.failed" : `outcome.${kind}`);
}

/** By the beginning of the codes of docs/reference/statuses-and-outcomes.md. */
const KINDS = [
  ["timeout_total", "ours"],
  ["timeout_", "timeout"],
  ["tls_", "tls"],
  ["mtls_", "mtls"],
  ["dns_", "dns"],
  ["connection_", "connection"],
  ["client_certificate_", "certificate"],
  ["oauth_", "oauth"],
  ["filter_", "filter"],
  ["destination_", "blocked"],
  ["target_", "blocked"],
  ["sockets_", "ours"],
  ["resources_", "ours"],
  ["interrupted", "ours"],
  ["internal_", "ours"],
] as const;
