/** A refusal as a person reads it: what happened, what to do, and the code to pass on. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { headersOf, problemOf, PROBLEMS, type Refusal } from "../errors.js";
import { noteProblem, sendRefusal } from "../respond.js";
import { PAGE_HEADERS } from "../security-headers.js";
import { html } from "./html.js";
import { sendPage, sendSeeOther, wantsPage } from "./page.js";

/** More than the problem's own code, for instance why the identity provider's answer was refused. */
export type PageRefusal = Refusal & { reference?: string };

/** Answers with a page where a person asks, and with a problem document everywhere else. */
export function answerRefusal(request: Pick<IncomingMessage, "headers">, response: ServerResponse, refusal: PageRefusal): void {
  if (!wantsPage(request)) return sendRefusal(response, refusal);
  noteProblem(response, refusal.refused);
  const { status, title, detail } = problemOf(refusal);
  const { "content-type": _json, ...headers } = headersOf(refusal);
  sendPage(response, status, {
    title,
    main: html`<div class="card">
<h1>${title}</h1>
${refusal.errors ? html`<ul>${refusal.errors.map(({ path, message }) => html`<li><code>${path}</code> ${message}</li>`)}</ul>` : html`<p>${detail}</p>`}
<p class="quiet small">Code: <code>${refusal.reference ?? refusal.refused}</code></p>
<p><a class="button" href="/saml/login">Log in</a></p>
</div>`,
  }, { ...PAGE_HEADERS, ...headers });
}

/** Like `answerRefusal`; whoever is not logged in is sent to `otherwise`, from where a log-in leads back to the page that was asked for. */
export function answerPageRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal, otherwise: "/saml/login" | "/logged-out"): void {
  if (PROBLEMS[refusal.refused].status !== 401 || !wantsPage(request)) return answerRefusal(request, response, refusal);
  noteProblem(response, refusal.refused);
  const back = otherwise === "/saml/login" && request.method === "GET" ? `?returnTo=${encodeURIComponent(request.url ?? "/account")}` : "";
  const cookie = refusal.headers?.["set-cookie"];
  sendSeeOther(response, `${otherwise}${back}`, cookie === undefined ? [] : [cookie]);
}
