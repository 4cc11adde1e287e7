/** The page of whoever is logged in: who, in which role, in which groups, until when. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Role } from "../../store/model.js";
import type { Actor, PersonalSession } from "../access/actor.js";
import { html, type Html } from "./html.js";
import type { Page } from "./page.js";

const ROLE_MEANINGS: Readonly<Record<Role, string>> = {
  admin: "does everything",
  provider: "publishes events and approves subscriptions",
  consumer: "subscribes to events for its groups",
  operator: "keeps deliveries going",
  auditor: "reads, and changes nothing",
};

/** 24 November 2026, 09:30 UTC. */
const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
const timeOf = (at: Date): Html => html`<time datetime="${at.toISOString()}">${TIME.format(at)} UTC</time>`;

const chosenOption = (role: Role): Html =>
  html`<option value="${role}" selected>${role}: ${ROLE_MEANINGS[role]}</option>`;
const roleOption = (role: Role): Html => html`<option value="${role}">${role}: ${ROLE_MEANINGS[role]}</option>`;

function switcher(session: PersonalSession, role: Role): Html {
  const options = session.roles.map((each) => (each === role ? chosenOption(each) : roleOption(each)));
  return html`<form method="post" action="/account/role" class="row">
    <div class="grow">
      <label for="role">Act as</label>
      <select id="role" name="role">${options}</select>
    </div>
    <button>Change role</button>
  </form>`;
}

function reach(actor: Actor, catalogue: Catalogue): Html {
  if (actor.role === "consumer")
    return html`<dt>Groups</dt><dd>${named(actor.groupIds ?? [], (id) => catalogue.group(id)?.name)}</dd>`;
  if (actor.role === "provider")
    return html`<dt>Apis</dt><dd>${actor.apiIds ? named(actor.apiIds, (id) => catalogue.api(id)?.name) : "all"}</dd>`;
  return html``;
}

const named = (ids: readonly string[], nameOf: (id: string) => string | undefined): Html =>
  html`<ul>${ids.map((id) => html`<li>${nameOf(id) ?? "?"} <code>${id}</code></li>`)}</ul>`;

/** For an actor that has a session. */
export function accountPage(actor: Actor, session: PersonalSession, catalogue: Catalogue): Page {
  const { identity, connection, startedAt, endsAt, expiresAt, roles } = session;
  const isNamed = identity.email !== undefined && identity.displayName !== undefined;
  const email = isNamed ? html`<dt>E-mail</dt><dd>${identity.email}</dd>` : undefined;
  return {
    title: "Your account",
    navigation: html`<a href="/docs">API documentation</a>`,
    main: html`<div class="card">
<h1>${identity.displayName ?? identity.email ?? identity.nameId}</h1>
<p class="quiet">Logged in through ${connection.name}</p>
<dl>
${email}
<dt>Role</dt><dd>${actor.role}: ${ROLE_MEANINGS[actor.role]}</dd>
${reach(actor, catalogue)}
<dt>Person</dt><dd><code>${session.personId}</code></dd>
</dl>
${roles.length > 1 ? switcher(session, actor.role) : undefined}
</div>
<div class="card">
<h2>This session</h2>
<dl>
<dt>Logged in</dt><dd>${timeOf(startedAt)}</dd>
<dt>Ends when idle</dt><dd>${timeOf(endsAt)}</dd>
<dt>Ends at the latest</dt><dd>${timeOf(expiresAt)}</dd>
</dl>
<div class="row">
<form method="post" action="/logout"><button>Log out</button></form>
<form method="post" action="/logout/everywhere"><button class="plain">Log out everywhere</button></form>
</div>
</div>`,
  };
}
