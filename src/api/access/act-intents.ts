/**
 * Records an administrative act before it changes anything. The handlers do not know about it, because their stores are
 * wrapped. The first real write of a request begins the act in the audit. So a refused request costs no entry. If the
 * intent cannot be recorded, then the answer is 503 and nothing has changed.
 */
import type { Logger } from "pino";
import { beginAct, completeAct } from "../../store/audit/acts.js";
import type { NewAuditEntry, Store } from "../../store/store.js";
import type { Actor } from "./actor.js";
import { createActGuard, type ActGuard, idIn, textIn } from "./act-guards.js";
import type { ApiDependencies } from "../dependencies.js";
import type { ApiRoute } from "../route.js";
import type { ActOfRequest } from "./act.js";

/**
 * The first words of methods that change something. A test checks that each method of the store either changes or
 * reads.
 */
export const WRITES =
  /^(insert|update|delete|put|open|settle|mark|expunge|takeOver|record|erase|enter|reapply|change|loggedIn|destroy|end(All)?Of|end$|actIn|use$|save|set|add|remove|start|pause|resume|cancel|resend|publish|take|consume|tell|report|send)/;
/** These begin no act: they report what was done, or they read under a name that sounds like writing. */
const TELLING = new Set(["wake", "configureBucket", "tryEndpoint", "openWorkflows", "erasedOf"]);
/**
 * Writes to these collections begin no act. They are the audit itself, keys that are made when needed, counts, limits,
 * records of dispatches, notices, mail, messages to chat channels and counters. Owners of events, leases of runs, what
 * is removed by its age, and what endpoints show in handshakes are no acts either. Commands alone write the rest.
 */
export const NOT_WRAPPED: ReadonlySet<string> = new Set([
  "audit",
  "keyring",
  "keyUses",
  "samlUses",
  "routings",
  "notices",
  "mail",
  "chat",
  "stats",
  "retention",
  "owners",
  "runLeases",
  "endpointChains",
  "limits",
  "idempotency",
  "grants",
  "signing",
]);

/** They change nothing of ours. The entry of `checkTarget` says what was asked, and `checkPayload` reads a schema. */
const ASKING: ReadonlySet<string> = new Set(["checkTarget", "checkPayload"]);

/** Whether an act by this route is recorded. Publishing and the codec are not administration. */
export const isAdministrative = ({ method, act, operationId }: Pick<ApiRoute, "method" | "act" | "operationId">) =>
  method !== "get" &&
  act !== "public" &&
  act !== "events:publish" &&
  !act.startsWith("codec:") &&
  !ASKING.has(operationId);

type Begin = (write: string, target: string | undefined) => Promise<void>;
interface Wrapping {
  begin: Begin;
  guard: ActGuard;
}

interface Given {
  dependencies: ApiDependencies;
  actor: Actor;
  operation: string;
  /** The id in the path. */
  id: string | undefined;
}

export function createActOfRequest({ dependencies, actor, operation, id }: Given): ActOfRequest {
  const { store, log, settings } = dependencies;
  let current: Promise<string> | undefined;
  let first: ((write: string, target: string | undefined) => Promise<void>) | undefined;
  async function beginning(write: string, target: string | undefined): Promise<string> {
    const before = first;
    first = undefined;
    await before?.(write, target);
    return beginAct(store.audit, {
      actor: actor.name,
      subject: id ?? target ?? operation,
      operation,
      write,
      ...(target !== undefined && { target }),
      ...(settings.process !== undefined && { process: settings.process }),
    });
  }
  const begin: Begin = async (write, target) => {
    current ??= beginning(write, target).catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    await current;
  };
  return {
    dependencies: wrapped(dependencies, begin),
    async record(entry) {
      const intent = await current;
      current = undefined;
      if (intent === undefined) return void (await store.audit.append(entry));
      await store.audit.append({ ...entry, intent }).catch((error: unknown) => {
        log.error(
          { err: error, actor: entry.actor, action: entry.action, subject: entry.subject },
          "the outcome of an act is not on record yet; it is tried again",
        );
        settleLater({ store, log, entry: { ...entry, intent } });
      });
    },
    beforeFirst(work) {
      first = work;
    },
    end() {
      const left = current;
      current = undefined;
      if (!left) return;
      // This runs after the answer. If it fails, then src/workers/watch/act-keeper.ts completes the act later.
      void left
        .then((intent) => completeById(store, intent))
        .catch((error: unknown) => log.warn({ err: error, operation }, "an act has no outcome on record yet"));
    },
  };
}

async function completeById(store: Store, intent: string): Promise<void> {
  const entry = (await store.audit.unsettled()).find(({ id }) => id === intent);
  if (entry) await completeAct(store, entry);
}

const PAUSES_MS = [1_000, 5_000, 30_000, 120_000];
/**
 * So many outcomes wait in this process to be recorded. Outcomes beyond that are completed by the act keeper, without
 * their details.
 */
const MOST_WAITING = 1_000;
let waiting = 0;

/**
 * Records the outcome later, with the details that only this process knows. `settle` records it once, even if the act
 * keeper does the same.
 */
function settleLater(
  { store, log, entry }: { store: Store; log: Pick<Logger, "warn">; entry: NewAuditEntry & { intent: string } },
  tries = 0,
): void {
  const pause = PAUSES_MS[tries];
  if (pause === undefined || waiting >= MOST_WAITING) return;
  waiting++;
  setTimeout(() => {
    waiting--;
    store.audit.settle(entry).catch(() => settleLater({ store, log, entry }, tries + 1));
  }, pause).unref();
}

function wrapped(dependencies: ApiDependencies, begin: Begin): ApiDependencies {
  const { store, operations, publisher, sessions, endpointRequest: request, postChat } = dependencies;
  const wrapping = { begin, guard: createActGuard(store) };
  return {
    ...dependencies,
    store: wrapStore(store, wrapping),
    operations: wrapMethods("operations", operations, wrapping),
    publisher: wrapMethods("publisher", publisher, wrapping),
    sessions: wrapMethods("sessions", sessions, wrapping),
    endpointRequest: async (order, at) => {
      await begin("request", undefined);
      return request(order, at);
    },
    postChat: async (order) => {
      await begin("chat", undefined);
      return postChat(order);
    },
  };
}

/** The parts of the store, each wrapped when it is first asked for. */
function wrapStore(store: Store, wrapping: Wrapping): Store {
  return new Proxy(store, {
    get(target, name) {
      const part: unknown = Reflect.get(target, name);
      return typeof name === "string" && typeof part === "object" && part !== null && !NOT_WRAPPED.has(name)
        ? wrapMethods(name, part, wrapping)
        : part;
    },
  });
}

type Method = (...args: unknown[]) => unknown;

function wrapMethods<T extends object>(part: string, methods: T, { begin, guard }: Wrapping): T {
  return new Proxy(methods, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof name !== "string" || typeof method !== "function" || !WRITES.test(name) || TELLING.has(name))
        return method;
      const call: Method = (...args) => Reflect.apply(method, target, args) as unknown;
      return async (...args: unknown[]): Promise<unknown> => {
        const nothing = await guard(part, name, args);
        if (nothing) return nothing.result;
        await begin(`${part}.${name}`, targetOf(args[0]));
        return call(...args);
      };
    },
  });
}

/** The id of what a write is about. */
function targetOf(argument: unknown): string | undefined {
  if (typeof argument === "string") return argument;
  const first: unknown = Array.isArray(argument) ? argument[0] : argument;
  return idIn(first) ?? textIn(first, "subscriptionId") ?? textIn(first, "eventId");
}
