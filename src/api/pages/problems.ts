/** Every problem of the API as a page: what a code means and what to do about it. */
import { PROBLEMS, type ProblemCode } from "../http/problem-codes.js";
import type { PageContent } from "./frame.js";
import { html, type Html } from "./html.js";

export const PROBLEMS_PATH = "/problems";

/** The code, as a link to its row. */
export const problemLink = (code: ProblemCode): Html =>
  html`<a href="${PROBLEMS_PATH}#${code}"><code>${code}</code></a>`;

const rows = Object.entries(PROBLEMS).map(
  ([code, { status, title, todo }]) =>
    html`<dt id="${code}"><code>${code}</code> <span class="small">${status}</span></dt>
<dd><strong>${title}.</strong> ${todo}</dd>
`,
);

export const problemsPage: PageContent = {
  title: "Problems",
  navigation: html`<a href="/docs">API documentation</a>`,
  main: html`<div class="card">
<h1>Problems</h1>
<p>Every error of the API is a problem document (RFC 9457). Its <code>code</code> is stable: programs branch on it.
A browser gets the same as a page.</p>
<dl class="wide">
${rows}</dl>
</div>`,
};
