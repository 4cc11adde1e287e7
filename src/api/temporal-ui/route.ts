/** Everything below /temporal/, as one route for the router's gate, log and refusals. rules.ts decides what passes. */
import type { IncomingMessage } from "node:http";
import type { ServedRoute, RequestContext } from "../route.js";
import { TEMPORAL_UI_PATH } from "./rules.js";

/** Whether the request target is below /temporal/. */
export function isTemporalUi(target: string | undefined): boolean {
  if (target === undefined || !target.startsWith(TEMPORAL_UI_PATH)) return false;
  const next = target[TEMPORAL_UI_PATH.length];
  return next === undefined || next === "/" || next === "?";
}

/**
 * Whether a page of the Temporal UI asks this by itself, so that it is no use of the session. An open tab asks every
 * few seconds, and would keep a person logged in who has gone. A person's own acts are to open a page, a list or a
 * history, to ask a query, to signal and to cancel.
 */
export function isBackground({ method, url = "" }: Pick<IncomingMessage, "method" | "url">): boolean {
  // The codec is called for what was read, with a session by this UI alone.
  if (url.startsWith("/codec/")) return true;
  const [path = "", query = ""] = url.split("?");
  if (!path.startsWith(`${TEMPORAL_UI_PATH}/api/`)) return /^\/temporal\/(_app|i18n|css)\//.test(path);
  if (method === "POST") return /\/query\/__/.test(path);
  return /\bwaitNewEvent=true\b/.test(query) || !/\/(workflows|history|history-reverse)$/.test(path);
}

/** Of any method: the UI's server has one path for several. */
export const temporalUiRoute: ServedRoute = {
  method: "get",
  path: `${TEMPORAL_UI_PATH}/{path}`,
  operationId: "temporalUi",
  tag: "Service",
  act: "temporal:use",
  page: "/saml/login",
  hidden: true,
  anyQuery: true,
  summary: "The Temporal UI",
  response: { status: 200, description: "A page, a file, or an answer of Temporal" },
  serve: ({ dependencies, actor }: RequestContext<"temporalUi">, request, response) =>
    dependencies.temporalUi.serve(actor, request, response),
};
