/** Everything below /temporal/: one route for the router's gate, log and refusals; what passes is decided in rules.ts. */
import type { ServedRoute } from "../route.js";
import { TEMPORAL_UI_PATH } from "./rules.js";

/** Whether the request target is below /temporal/. */
export function isTemporalUi(target: string | undefined): boolean {
  if (target === undefined || !target.startsWith(TEMPORAL_UI_PATH)) return false;
  const next = target[TEMPORAL_UI_PATH.length];
  return next === undefined || next === "/" || next === "?";
}

/** Of any method: the UI's server has one path for several. */
export const temporalUiRoute: ServedRoute = {
  method: "get", path: `${TEMPORAL_UI_PATH}/{path}`, operationId: "temporalUi", tag: "Service", act: "temporal:use", page: "/saml/login", hidden: true, anyQuery: true,
  summary: "The Temporal UI", response: { status: 200, description: "A page, a file, or an answer of Temporal" },
  serve: ({ dependencies, actor }, request, response) => dependencies.temporalUi.serve(actor, request, response),
};
