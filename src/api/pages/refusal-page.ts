/** A refusal as a person reads it: what happened, what to do, and the code to pass on. */
import type { IncomingMessage } from "node:http";
import type { FieldError, Refusal } from "../http/errors.js";
import { PROBLEMS } from "../http/problem-codes.js";
import { returnTo } from "../login/schemas.js";
import type { PageContent } from "./frame.js";
import { html, type Html } from "./html.js";
import { problemLink } from "./problems.js";

/** More than the problem's own code, for instance why the identity provider's answer was refused. */
export type PageRefusal = Refusal & { reference?: string };

type Asked = Pick<IncomingMessage, "method" | "url">;

/** The page that was asked for, when one can come back to it: a GET of a path of our own that the log-in takes. */
const pageAsked = ({ method, url }: Asked): string | undefined =>
  method === "GET" ? returnTo.safeParse(url).data : undefined;

/** Address of the log-in, from where the person comes back to the page that was asked for. */
export function loginAddress(request: Asked): string {
  const back = pageAsked(request);
  return back === undefined || back.startsWith("/saml/")
    ? "/saml/login"
    : `/saml/login?returnTo=${encodeURIComponent(back)}`;
}

/** The page of a refusal. It repeats nothing of the request but its own address in links. */
export function refusalPage(
  { refused, reference, detail, errors, retryAfterSeconds, headers }: PageRefusal,
  request: Asked,
): PageContent {
  const { status, title, todo } = PROBLEMS[refused];
  const again = status === 408 || status === 429 || status >= 500 ? pageAsked(request) : undefined;
  const code = reference === undefined ? problemLink(refused) : html`<code>${reference}</code>`;
  return {
    title,
    main: html`<div class="card">
      <p class="quiet small">Error ${status}</p>
      <h1>${title}</h1>
      ${detail === undefined ? undefined : html`<p>${withCode(detail)}</p>`}
      ${errors && html`<ul>${errors.map(faultOf)}</ul>`}
      <p>${withCode(todo)}</p>
      ${headers?.["allow"] === undefined ? undefined : html`<p>Allowed here: ${headers["allow"]}.</p>`}
      ${retryAfterSeconds === undefined ? undefined : waitFor(retryAfterSeconds)}
      <p class="quiet small">Code: ${code}</p>
      <div class="row">${again === undefined ? undefined : tryAgain(again)}${wayOn(status, request)}</div>
    </div>`,
  };
}

const faultOf = ({ path, message }: FieldError): Html => html`<li><code>${path}</code> ${message}</li>`;
const waitFor = (seconds: number): Html => html`<p>Wait ${Math.max(1, Math.ceil(seconds))} s before you try again.</p>`;
const tryAgain = (address: string): Html => html`<a class="button" href="${address}">Try again</a>`;

function wayOn(status: number, request: Asked): Html {
  const login = html`<a class="button" href="${loginAddress(request)}">Log in</a>`;
  if (status === 401 || request.url?.startsWith("/saml/")) return login;
  if (status === 403) return html`<a class="button" href="/portal/account">Your account</a>${login}`;
  return html`<a class="button plain" href="/portal">The portal</a>`;
}

/** Text whose parts in backticks are code. */
const withCode = (text: string): Html =>
  html`${text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`;
