/**
 * The calls of the Temporal UI that are under way. Some wait for news of a workflow, and none may outlast the session
 * that it was let in by.
 */
import { mayAct } from "../access/access.js";
import type { PersonalSession } from "../access/actor.js";
import type { Sessions } from "../login/sessions.js";

/** Why a call is given up. */
export type StreamEnd = "session_ended" | "deadline" | "closing";

export interface Stream {
  /** Aborted when the call is to end. The reason is a StreamEnd. */
  signal: AbortSignal;
  /** The call is over. */
  close(): void;
}

export interface Streams {
  /** Undefined when the session, or this process, has as many as it may. */
  open(session: Pick<PersonalSession, "id">, withinMs: number): Stream | undefined;
  /** Ends all that are open. */
  close(): void;
}

/** A tab of the UI has two to six calls open. Several tabs are one person's. */
const MOST_OF_A_SESSION = 48;
const MOST = 512;
/** As often as a session is read again anyway: see FRESH_MS in live-sessions.ts. */
const LOOK_EVERY_MS = 1_000;

interface Open {
  sessionId: string;
  end(reason: StreamEnd): void;
}

export function createStreams(sessions: Pick<Sessions, "look">): Streams {
  const open = new Set<Open>();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      for (const sessionId of new Set([...open].map((each) => each.sessionId))) {
        // Without the store it is not known. Every call has a deadline, and the next one is asked again.
        const actor = await sessions.look({ id: sessionId }).catch(() => undefined);
        if (actor === undefined || (!("refused" in actor) && mayAct(actor, "temporal:use"))) continue;
        for (const each of open) if (each.sessionId === sessionId) each.end("session_ended");
      }
    } finally {
      looking = false;
    }
  }

  function forget(stream: Open): void {
    open.delete(stream);
    if (open.size > 0 || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    open({ id: sessionId }, withinMs) {
      const own = [...open].filter((each) => each.sessionId === sessionId).length;
      if (open.size >= MOST || own >= MOST_OF_A_SESSION) return undefined;
      const controller = new AbortController();
      const stream: Open = { sessionId, end: (reason) => controller.abort(reason) };
      const deadline = setTimeout(() => stream.end("deadline"), withinMs);
      open.add(stream);
      timer ??= setInterval(() => void look(), LOOK_EVERY_MS).unref();
      return {
        signal: controller.signal,
        close: () => {
          clearTimeout(deadline);
          forget(stream);
        },
      };
    },
    close: () => {
      for (const each of open) each.end("closing");
    },
  };
}
