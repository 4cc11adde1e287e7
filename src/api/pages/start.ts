/** The way in for a browser. */
import type { Actor } from "../access/actor.js";
import { html, type Html } from "./html.js";
import type { PageContent } from "./frame.js";
import { PROBLEMS_PATH } from "./problems.js";

export interface StartPage {
  /** Who is logged in; undefined: nobody. */
  actor: Actor | undefined;
  /** Whether this visitor may read the API's documentation. */
  documentation: boolean;
}

/** Links for whoever comes: a person who is logged in or not, and who writes a program. */
export function startPage({ actor, documentation }: StartPage): PageContent {
  return {
    title: "Start",
    main: html`<div class="card">
        <h1>Sealpost</h1>
        <p>This service delivers events to its consumers' endpoints, signed and on record.</p>
        ${actor === undefined ? visitor : person(actor)}
      </div>
      <div class="card">
        <h2>For programs</h2>
        <ul>
          ${documentation ? toDocumentation : undefined}
          <li><a href="${PROBLEMS_PATH}">Problem codes</a> and what to do about each</li>
          <li><a href="/health/ready">Whether the service is ready</a></li>
        </ul>
      </div>`,
  };
}

const asDocument = html`<a href="/openapi.json">as an OpenAPI document</a>`;
const toDocumentation = html`<li><a href="/docs">API documentation</a>, and the same ${asDocument}</li>`;
const toTemporalUi = html`<a class="button plain" href="/temporal/">Deliveries in the Temporal UI</a>`;

const visitor = html`<p>People log in with their company's account. Programs use an API key.</p>
<p><a class="button" href="/saml/login?returnTo=%2F">Log in</a></p>`;

function person({ role, session }: Actor): Html {
  const { displayName, email, nameId } = session?.identity ?? {};
  const operates = role === "admin" || role === "operator";
  return html`<p>You are logged in as ${displayName ?? email ?? nameId} and act as ${role}.</p>
    <div class="row"><a class="button" href="/account">Your account</a>${operates ? toTemporalUi : undefined}</div>`;
}
