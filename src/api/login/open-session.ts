/** Opens a session at a log-in. What the identity provider says about the person becomes roles here. */
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { SessionIdentity, SessionOrigin } from "../../store/collections/sessions.js";
import type { Store } from "../../store/store.js";
import { exact } from "../http/change.js";
import { refuse, type Refusal } from "../http/errors.js";
import { endOf } from "./live-sessions.js";
import { type Standing, standingsOf } from "../../catalogue/people/role-mapping.js";
import type { SamlIdentity } from "../saml/service-provider.js";
import type { ApiSettings } from "../settings.js";
import { HOUR_MS } from "../../workflows/durations.js";

export interface SessionDependencies {
  store: Store;
  catalogue: Catalogue;
  settings: Pick<ApiSettings, "sessionHours" | "sessionIdleMinutes" | "wrongKeysPerMinute">;
  log: Logger;
  /** Milliseconds since the epoch. The default is `Date.now`. */
  clock?: (() => number) | undefined;
}

export interface Login {
  connection: SamlConnection;
  identity: SamlIdentity;
  previous?: readonly string[];
  from?: SessionOrigin;
  /** Called before anything is written. If it rejects, then no session is opened. */
  record?: (login: Pick<OpenedSession, "personId" | "standings">) => Promise<unknown>;
}

export interface OpenedSession {
  id: string;
  token: string;
  personId: string;
  standings: readonly Standing[];
}

/** What the sessions of this process give: ids by token, an end, and the removal of what has ended. */
interface SessionKeeping {
  idOf(token: string): string;
  end(id: string): Promise<void>;
  sweep(now: number): Promise<void>;
}

/** Entra ID leaves the groups out for a person who is in more than 150. */
const GROUPS_OVERAGE =
  "The identity provider sent a link (groups.link) instead of the person's groups, because they are too many." +
  " In Entra ID, choose `Groups assigned to the application` in the groups claim of the " +
  "application, and assign the groups that matter here.";

/** What a log-in says about the person. */
const knownOf = ({ nameId, displayName, email }: SamlIdentity) => ({
  nameId,
  ...(displayName !== undefined && { displayName }),
  ...(email !== undefined && { email }),
});

/** What the identity provider wants back at a log-out. */
function namedByProvider({
  sessionIndex,
  nameIdFormat,
  nameQualifier,
  spNameQualifier,
}: SamlIdentity): Pick<SessionIdentity, "sessionIndex" | "nameIdFormat" | "nameQualifier" | "spNameQualifier"> {
  return exact({ sessionIndex, nameIdFormat, nameQualifier, spNameQualifier });
}

/** Who wants notices by mail gets them by what this log-in says. Without an address there is no mail. */
const renewReader = (
  { mailReaders }: Pick<Store, "mailReaders">,
  {
    identity: { email, groups },
    ...person
  }: { personId: string; connectionId: string; identity: SamlIdentity; at: Date },
): Promise<void> =>
  email === undefined
    ? mailReaders.delete(person.personId).then(() => undefined)
    : mailReaders.updateKnown({ ...person, email, groups: [...groups] });

/** Opens sessions under new tokens, and ends those that the browser had. */
export function createSessionOpening(
  { store, catalogue, settings, clock = Date.now }: Omit<SessionDependencies, "log">,
  sessions: SessionKeeping,
): (login: Login) => Promise<OpenedSession | Refusal> {
  return async ({ connection, identity, previous = [], from, record }) => {
    // The token is made here, of 256 random bits. A token that the browser sends is never taken over (session
    // fixation).
    const [now, token] = [clock(), randomBytes(32).toString("base64url")];
    const standings = await standingsAtLogin(catalogue, connection, identity);
    if (standings.length === 0) return refuse("no_role", identity.groupsOverage && GROUPS_OVERAGE);
    const [known, personId] = [knownOf(identity), store.people.idOf(connection.id, identity.nameId)];
    const expiresAt = new Date(
      Math.min(now + settings.sessionHours * HOUR_MS, identity.sessionNotOnOrAfter?.getTime() ?? Infinity),
    );
    await record?.({ personId, standings });
    // Both are written at the same time, because each is a round trip with a journaled write. If one fails, then the
    // token is given to nobody.
    await Promise.all([
      ...[...new Set(previous)].map((id) => sessions.end(id)),
      store.people.loggedIn({ connectionId: connection.id, at: new Date(now), ...known }),
      renewReader(store, { personId, connectionId: connection.id, identity, at: new Date(now) }),
      store.sessions.insert({
        id: sessions.idOf(token),
        personId,
        connectionId: connection.id,
        startedAt: new Date(now),
        expiresAt,
        seenAt: new Date(now),
        endsAt: endOf(expiresAt, now, settings.sessionIdleMinutes * 60_000),
        identity: { ...known, groups: [...identity.groups], ...namedByProvider(identity), ...(from && { from }) },
      }),
    ]);
    await sessions.sweep(now);
    return { id: sessions.idOf(token), token, personId, standings };
  };
}

/** A group that another process made a moment ago may not be here yet. */
async function standingsAtLogin(
  catalogue: Catalogue,
  connection: SamlConnection,
  { groups }: SamlIdentity,
): Promise<Standing[]> {
  const now = () => standingsOf(connection, new Set(groups), (id) => catalogue.group(id));
  if (now().length === 0) await catalogue.refresh();
  return now();
}
