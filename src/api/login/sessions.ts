/**
 * Sessions of people. A log-in opens one and each request asks for it. It ends by time, by the person or by an
 * administrator.
 */
import type { Session } from "../../store/collections/sessions.js";
import type { Role } from "../../store/model.js";
import type { Actor, PersonalSession } from "../access/actor.js";
import { createWrongKeyLimit, networkOf } from "../access/authenticate.js";
import { clearSessionCookie } from "../http/cookies.js";
import { refuse, type Refusal } from "../http/errors.js";
import { createLiveSessions, type LiveSession } from "./live-sessions.js";
import { actingAs, type Standing, standingsOf } from "../../catalogue/people/role-mapping.js";
import { createSessionOpening, type Login, type OpenedSession, type SessionDependencies } from "./open-session.js";

export interface Sessions {
  /**
   * The person whom the token belongs to, in the present role. With `unused` a page asks by itself and not the person,
   * so the idle limit does not move.
   */
  admit(token: string, unused?: "unused"): Promise<Actor | Refusal>;
  /**
   * Opens a session under a new token and ends those that the browser had. Refuses with `no_role` when the person gets
   * no role.
   */
  open(login: Login): Promise<OpenedSession | Refusal>;
  /** The id of the session that a token belongs to, whether there is one or not. */
  idOf(token: string): string;
  /** The session's actor as it is now. */
  actorOf(session: Pick<PersonalSession, "id">): Promise<Actor | Refusal>;
  /** The same, but it does not count as a use of the session. It is asked while an answer is under way. */
  look(session: Pick<PersonalSession, "id">): Promise<Actor | Refusal>;
  /** Changes the role of the session. False when the session has ended meanwhile. */
  actIn(session: PersonalSession, role: Role): Promise<boolean>;
  end(session: Pick<PersonalSession, "id">): Promise<void>;
  /** The person's sessions that have not ended, the newest first. */
  listOf(personId: string): Promise<Session[]>;
  /** Counts a refused log-in or an ended session of this address. Gives a 429 beyond the limit on wrong keys. */
  countRefusal(address: string | undefined): Promise<Refusal | undefined>;
  /** Counts a refused log-in over all addresses. False when there are too many within a minute to record each one. */
  isFewRefusals(): boolean;
  /**
   * Ends all sessions of the person. With indexes of the identity provider it ends only the sessions with one of them,
   * and those without an index. Other processes notice within a second. Gives how many sessions there were.
   */
  endAllOf(personId: string, sessionIndexes?: readonly string[]): Promise<number>;
}

/** So many sessions of one person are searched for an index. Nobody uses so many browsers. */
const MOST_OF_ONE = 1_000;
const SWEEP_MS = 10 * 60_000;
/**
 * So many refused log-ins of all addresses together are recorded one by one within a minute. Entries of the audit are
 * never removed.
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

/** MongoDB removes ended sessions by itself. FerretDB does not, so there a log-in removes them every ten minutes. */
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
    // The roles are found anew for each request. So it takes effect at once when a group is deleted or mapped
    // otherwise.
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
    async listOf(personId) {
      const all = await store.sessions.list(personId, MOST_OF_ONE);
      return all
        .filter(({ endsAt }) => endsAt.getTime() > clock())
        .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
    },
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
