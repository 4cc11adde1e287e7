/**
 * Sessions of people: opened at a log-in, asked at each request, ended by time, by the person or by an administrator.
 */
import type { Role } from "../../store/model.js";
import type { Actor, PersonalSession } from "../access/actor.js";
import { createWrongKeyLimit, networkOf } from "../access/authenticate.js";
import { clearSessionCookie } from "../http/cookies.js";
import { refuse, type Refusal } from "../http/errors.js";
import { createLiveSessions, type LiveSession } from "./live-sessions.js";
import { actingAs, type Standing, standingsOf } from "../access/role-mapping.js";
import { createSessionOpening, type Login, type OpenedSession, type SessionDependencies } from "./open-session.js";

export interface Sessions {
  /**
   * Whoever the token belongs to, in the role it acts in now; `unused`: asked by a page and not by the person, so the
   * idle limit stays where it is.
   */
  admit(token: string, unused?: "unused"): Promise<Actor | Refusal>;
  /**
   * Opens a session under a new token and ends those that the browser had; `no_role` when nothing gives the person a
   * role.
   */
  open(login: Login): Promise<OpenedSession | Refusal>;
  /** The id of the session that a token belongs to, whether there is one or not. */
  idOf(token: string): string;
  /** The session's actor as it is now. */
  actorOf(session: Pick<PersonalSession, "id">): Promise<Actor | Refusal>;
  /** The same, and it does not count as a use of the session: asked while an answer is under way. */
  look(session: Pick<PersonalSession, "id">): Promise<Actor | Refusal>;
  /** Acts in another role from now on; false when the session has ended meanwhile. */
  actIn(session: PersonalSession, role: Role): Promise<boolean>;
  end(session: Pick<PersonalSession, "id">): Promise<void>;
  /** Counts a refused log-in or an ended session of this address; gives a 429 beyond the limit on wrong keys. */
  countRefusal(address: string | undefined): Promise<Refusal | undefined>;
  /**
   * Counts a refused log-in over all addresses; false once they are too many within a minute to be recorded one by one.
   */
  isFewRefusals(): boolean;
  /**
   * Ends all sessions of the person, or only those of these indexes of the identity provider's and those that have
   * none; other processes notice within a second. Gives how many there were.
   */
  endAllOf(personId: string, sessionIndexes?: readonly string[]): Promise<number>;
}

/** Sessions of one person that are looked through for an index: far more than anybody has browsers. */
const MOST_OF_ONE = 1_000;
const SWEEP_MS = 10 * 60_000;
/**
 * Refused log-ins of all addresses together that are recorded one by one within a minute; the audit is never trimmed.
 */
const REFUSALS_NAMED = 200;

/** True for the first so many calls of a minute. */
function createFewPerMinute(most: number, clock: () => number): () => boolean {
  let since = 0;
  let count = 0;
  return () => {
    if (clock() - since >= 60_000) {
      since = clock();
      count = 0;
    }
    return ++count <= most;
  };
}

/** On FerretDB somebody must remove what has ended, so every ten minutes a log-in does; MongoDB does so itself. */
function createSweep({ store, log }: Pick<SessionDependencies, "store" | "log">): (now: number) => Promise<void> {
  let sweptAt = 0;
  return async (now) => {
    if (now - sweptAt < SWEEP_MS) return;
    sweptAt = now;
    await store.sessions
      .deleteEnded(new Date(now))
      .catch((error: unknown) => log.warn({ err: error }, "ended sessions could not be removed"));
  };
}

export function createSessions({ store, catalogue, settings, log, clock = Date.now }: SessionDependencies): Sessions {
  const idleMs = settings.sessionIdleMinutes * 60_000;
  const live = createLiveSessions({ store, log, clock, idleMs });
  const limitRefusals = createWrongKeyLimit(settings.wrongKeysPerMinute);
  const sweep = createSweep({ store, log });

  const idOf = (token: string): string => Buffer.from(store.blindIndex("session", token)).toString("base64url");

  async function admit(id: string, unused?: "unused"): Promise<Actor | Refusal> {
    const found = await live.find(id, unused);
    if (!found) return ENDED;
    // Asked each time: a group that is deleted or mapped otherwise counts at once.
    const standings = standingsOf(found.connection, found.samlGroups, (groupId) => catalogue.group(groupId));
    const standing = actingAs(standings, found.session.role);
    return standing ? actorOf(found, standing, standings) : refuse("no_role");
  }

  async function end(id: string): Promise<void> {
    await store.sessions.delete(id);
    live.forget(id);
  }

  return {
    admit: (token, unused) => admit(idOf(token), unused),
    actorOf: ({ id }) => admit(id),
    look: ({ id }) => admit(id, "unused"),
    idOf,
    open: createSessionOpening({ store, catalogue, settings, clock }, { idOf, end, sweep }),
    async actIn({ id }, role) {
      const changed = await store.sessions.change(id, { role });
      live.forget(id);
      return changed;
    },
    end: ({ id }) => end(id),
    countRefusal: (address) => limitRefusals(address, `session ${networkOf(address ?? "")}`),
    isFewRefusals: createFewPerMinute(REFUSALS_NAMED, clock),
    async endAllOf(personId, sessionIndexes) {
      const meant =
        sessionIndexes &&
        (await store.sessions.list(personId, MOST_OF_ONE)).filter(
          ({ identity: { sessionIndex } }) => sessionIndex === undefined || sessionIndexes.includes(sessionIndex),
        );
      for (const { id } of meant ?? []) await end(id);
      if (meant) return meant.length;
      const ended = await store.sessions.deleteOf(personId);
      await live.forgetPerson(personId);
      return ended;
    },
  };
}

/** The browser forgets the cookie, so that an ended session is asked for once. */
const ENDED = refuse("session_ended", undefined, { headers: { "set-cookie": clearSessionCookie } });

function actorOf({ session, connection }: LiveSession, standing: Standing, standings: readonly Standing[]): Actor {
  const { id, personId, startedAt, expiresAt, endsAt, identity } = session;
  return {
    name: `person:${personId}`,
    ...standing,
    session: {
      id,
      personId,
      startedAt,
      expiresAt,
      endsAt,
      identity,
      connection,
      roles: standings.map(({ role }) => role),
    },
  };
}
