/** The pages before and after a session. */
import { html } from "./html.js";
import type { Page } from "./page.js";

export interface Chooser {
  /** Where to go afterwards, a path of our own. */
  returnTo?: string | undefined;
  /** What was typed names no connection. */
  unknown?: boolean;
  /** The trial identity provider's connection, when there is one. */
  trialConnectionId?: string | undefined;
}

/** Asks for the connection. A visitor who is not logged in must not learn which companies there are. */
const noSuchConnection = html`<div class="alert" role="alert">
  <p id="wrong">There is no such connection. Check the id or the name with your administrator.</p>
</div>`;

export function chooserPage({ returnTo, unknown = false, trialConnectionId }: Chooser): Page {
  const wrong = unknown ? html` aria-invalid="true" aria-describedby="wrong"` : undefined;
  const back = returnTo === undefined ? undefined : html`<input type="hidden" name="returnTo" value="${returnTo}">`;
  return {
    title: "Log in",
    main: html`<div class="card">
        <h1>Log in</h1>
        <p class="quiet">
          You log in with your own company's account. Enter the connection that your company was given.
        </p>
        ${unknown ? noSuchConnection : undefined}
        <form method="get" action="/saml/login" class="row">
          ${back}
          <div class="grow">
            <label for="connection">Connection</label>
            <input id="connection" name="connection" required maxlength="128" autocomplete="organization"
              placeholder="sso_… or its name"${wrong}>
          </div>
          <button>Continue</button>
        </form>
      </div>
      ${
        trialConnectionId === undefined
          ? undefined
          : html`<div class="card">
              <h2>Trial</h2>
              <p class="quiet">
                A trial identity provider runs beside this service, with an admin, a provider, an operator and a
                consumer. It never runs in production.
              </p>
              <form method="get" action="/saml/login">
                ${back}<input type="hidden" name="connection" value="${trialConnectionId}">
                <button class="plain">Use the trial identity provider</button>
              </form>
            </div>`
      }`,
  };
}

const LOGGED_OUT = {
  here: {
    title: "You are logged out here",
    text: "Your identity provider may still know you: to end that too, log out there or close the browser.",
  },
  partly: {
    title: "You are logged out here",
    text: "Your identity provider could not end all of your other sessions: close the browser to be sure.",
  },
  everywhere: { title: "You are logged out", text: "Your identity provider has ended its session as well." },
} as const;

/** How far the log-out reached, as far as is known. */
export function loggedOutPage(reach: keyof typeof LOGGED_OUT): Page {
  const { title, text } = LOGGED_OUT[reach];
  return {
    title: "Logged out",
    main: html`<div class="card">
<h1>${title}</h1>
<p>${text}</p>
<p><a class="button" href="/saml/login">Log in again</a></p>
</div>`,
  };
}
