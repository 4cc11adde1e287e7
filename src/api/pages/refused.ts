/** Refusals of pages. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Refusal } from "../http/errors.js";
import { PROBLEMS } from "../http/problem-codes.js";
import { noteProblem, sendRefusal } from "../http/respond.js";
import { sendSeeOther, wantsPage } from "./page.js";
import { loginAddress, type PageRefusal } from "./refusal-page.js";

export type { PageRefusal } from "./refusal-page.js";

/** Answers with a page where a person asks, and with a problem document everywhere else. */
export const answerRefusal = (
  _request: Pick<IncomingMessage, "headers">,
  response: ServerResponse,
  refusal: PageRefusal,
): void => sendRefusal(response, refusal);

/**
 * Like `answerRefusal`, but a person who is not logged in is sent to `otherwise`. A log-in from there leads back to the
 * page that was asked for.
 */
export function answerPageRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  otherwise: "/saml/login" | "/logged-out",
): void {
  if (PROBLEMS[refusal.refused].status !== 401 || !wantsPage(request)) return answerRefusal(request, response, refusal);
  noteProblem(response, refusal.refused);
  const cookie = refusal.headers?.["set-cookie"];
  sendSeeOther(
    response,
    otherwise === "/saml/login" ? loginAddress(request) : otherwise,
    cookie === undefined ? [] : [cookie],
  );
}
