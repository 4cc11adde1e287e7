/**
 * What passes to the Temporal UI: reads, signals, queries and cancellation in our own namespace. The rest of Temporal's
 * API would go past the records, the limits and the audit of this service. Rules look at the path as it was sent,
 * because the UI's server splits it before it decodes (grpc-gateway, `UnescapingModeAllExceptReserved`). So an escaped
 * slash stays within its segment there as it does here. The paths are those of https://github.com/temporalio/api,
 * temporal/api/workflowservice/v1/service.proto, and of temporalio/ui, server/server/route.
 */

/** Where the UI lives under our own origin. */
export const TEMPORAL_UI_PATH = "/temporal";

/** What a request is to the Temporal UI. */
export type UiRequest =
  /** A page, a file of a page, the frame that shows Markdown, or the UI's own settings. */
  | { kind: "document" | "file" | "rendered" | "settings" }
  | { kind: "read"; workflowId?: string }
  | { kind: "signal" | "query" | "cancel"; workflowId: string; name: string };
export type UiRule = UiRequest | { refused: string };

/** Longer names are in no path that the UI makes. */
const MAX_NAME = 1_000;
const API = `${TEMPORAL_UI_PATH}/api/v1/`;
/** Files beside the pages: server/server/route/ui.go. */
const FILES =
  /^(_app|css|codemirror|i18n)\/|^(android|apple|banner|favicon|logo)[^/]*$|^(site\.webmanifest|Temporal_Logo_Animation\.gif)$/;
/** The UI's own log-in and its description of Temporal's API. */
const CLOSED = /^(auth|openapi|healthz)(\/|$)/;
/** Reads that belong to no namespace. */
const SHARED_READS = new Set(["settings", "cluster", "cluster-info", "system-info", "namespaces"]);

/**
 * Tells what a request would do there, or the sentence that refuses it. `target` is the request target with its query.
 */
export function ruleOf(method: string, target: string, namespace: string): UiRule {
  const path = target.split("?", 1)[0] ?? "";
  const segments = path.split("/").map(decoded);
  if (
    segments.some(
      (segment) =>
        segment === undefined || segment === "." || segment === ".." || /[\\\u0000-\u001f\u007f]/.test(segment),
    )
  ) {
    return { refused: "This path is not one that the Temporal UI asks for." };
  }
  if (path.startsWith(API)) return apiRuleOf(method, path.slice(API.length), namespace);
  if (method !== "GET" && method !== "HEAD") return { refused: "The Temporal UI's pages are only read." };
  const rest = path.slice(TEMPORAL_UI_PATH.length + 1);
  if (rest === "render") return { kind: "rendered" };
  if (rest.startsWith("api/") || CLOSED.test(rest))
    return { refused: "This part of the Temporal UI is not served here: people log in to Sealpost." };
  return { kind: FILES.test(rest) ? "file" : "document" };
}

function apiRuleOf(method: string, path: string, namespace: string): UiRule {
  const [area, space, ...rest] = path.split("/").map((segment) => decoded(segment) ?? "");
  const inNamespace = area === "namespaces" && space !== undefined;
  if (inNamespace && space !== namespace) return { refused: `Only the namespace ${namespace} is shown here.` };
  if (method === "GET" || method === "HEAD") return readRuleOf({ area: area ?? "", inNamespace, rest });
  const [collection, workflowId, what, name, ...more] = rest;
  const workflow =
    inNamespace && collection === "workflows" && isName(workflowId) && method === "POST" && more.length === 0;
  if (workflow && (what === "signal" || what === "query") && isName(name)) return { kind: what, workflowId, name };
  if (workflow && what === "cancel" && name === undefined) return { kind: "cancel", workflowId, name: what };
  return { refused: sentenceFor(method, rest) };
}

function readRuleOf({ area, inNamespace, rest }: { area: string; inNamespace: boolean; rest: string[] }): UiRule {
  if (!inNamespace && area === "settings") return { kind: "settings" };
  if (!inNamespace && !SHARED_READS.has(area) && area !== "nexus")
    return { refused: "The Temporal UI reads nothing else here." };
  const [collection, workflowId] = rest;
  return { kind: "read", ...(collection === "workflows" && isName(workflowId) && { workflowId }) };
}

const isName = (text: string | undefined): text is string =>
  text !== undefined && text !== "" && text.length <= MAX_NAME;

/** Why it is refused, by what it would have done, and what serves instead. */
function sentenceFor(method: string, rest: readonly string[]): string {
  const [collection = "", , what = ""] = rest;
  const verb = collection === "workflows" ? what : collection;
  const known = REFUSED[verb];
  if (known) return known;
  if (collection === "workflows" && what === "" && method === "POST") return REFUSED["start"] ?? "";
  if (method === "DELETE") return REFUSED["delete"] ?? "";
  return "The Temporal UI reads, queries, signals and cancels here, and does nothing else.";
}

const REFUSED: Readonly<Record<string, string>> = {
  start: "Workflows are started by publishing an event, and not from the Temporal UI.",
  "signal-with-start": "Workflows are started by publishing an event, and not from the Temporal UI.",
  terminate: "A workflow that is terminated leaves its deliveries without an end on record. Cancel it instead.",
  reset: "A workflow that is reset would send again what was delivered. Send it the signal `retry` instead.",
  "reset-workflow": "A workflow that is reset would send again what was delivered. Send it the signal `retry` instead.",
  delete: "Histories are deleted by their retention, and not from the Temporal UI.",
  pause:
    "Workflows are not paused from the Temporal UI. Pause the subscription instead: POST /v1/subscriptions/{id}/pause.",
  unpause:
    "Workflows are not paused from the Temporal UI. Resume the subscription instead: POST " +
    "/v1/subscriptions/{id}/resume.",
  update: "Updates belong to Sealpost's own workers, and are not sent from the Temporal UI.",
  "update-options": "Options of workflows and activities are Sealpost's own.",
  "batch-operations":
    "Many deliveries at once are sent again by a recovery: POST /v1/recoveries. It keeps to the " +
    "limits of each consumer.",
  schedules: "Sealpost uses no schedules, and none is made from the Temporal UI.",
  activities: "Activities are run, paused and reset by Sealpost's own workflows only.",
  "activities-deprecated": "Activities are run, paused and reset by Sealpost's own workflows only.",
};

/** Undefined for what is not percent-encoded UTF-8. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
