/**
 * Everything below /temporal/: one route for the router's gate, log and refusals; what passes is decided in rules.ts.
 */
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
 * Whether a page of the Temporal UI asks this by itself, so that it is no use of the session: an open tab asks every
 * few seconds, and a person who has gone would stay logged in. Opening a page, a list or a history, asking a query,
 * signalling and cancelling are a person's own.
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
