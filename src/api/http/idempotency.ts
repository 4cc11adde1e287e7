/**
 * `Idempotency-Key` on every POST that changes something (draft-ietf-httpapi-idempotency-key-header-07). The router
 * runs a handler through here when the header is there. It runs once for each key, principal and path within 24 hours.
 * A repeated request gets the first answer.
 *
 * A refusal is not kept: nothing was changed, so the same key may be used for the corrected request.
 */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { leftBehind } from "../../store/audit/acts.js";
import { canonicalOf } from "../../store/grants/canonical.js";
import type { KeyScope } from "../../store/sealing/data-key.js";
import type { Store } from "../../store/store.js";
import { refuse, type Refusal } from "./errors.js";
import { isRefusal, type Reply, type RequestContext, type ApiRoute } from "../route.js";

/** Whether requests by this route may have a key. Publishing has its own: the event id. */
export const takesIdempotencyKey = (route: Pick<ApiRoute, "method" | "act">): boolean =>
  route.method === "post" && "handle" in route && route.act !== "public" && route.act !== "events:publish";

export const idempotencyHeader = z
  .string()
  .min(1)
  .max(255)
  .meta({
    description:
      "A value of the client's own for this request, such as a UUID. Within 24 hours the same " +
      "request with the same key is done once, and gets the same answer. " +
      "The same key with another body answers 409.",
  });

const MAX_KEY = 255;
const VISIBLE = /^[\x21-\x7e]+$/;
/** RFC 8941, 3.3.3, as the draft writes it. Most clients send the bare value. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
/** Keys of one principal within ten minutes: the table is bounded. */
const MOST_KEYS = 1_000;
const WINDOW_MS = 600_000;
/** Larger answers are not kept. A client that repeats the request is told that it was done. */
const MAX_ANSWER_BYTES = 512 * 1024;

/** The key of a request, undefined when it has none. */
export function readIdempotencyKey(request: Pick<IncomingMessage, "headersDistinct">): string | undefined | Refusal {
  const values = request.headersDistinct["idempotency-key"];
  if (values === undefined) return undefined;
  const [given = "", ...more] = values;
  const key = QUOTED.exec(given.trim())?.[1]?.replaceAll(/\\(.)/g, "$1") ?? given.trim();
  if (
    more.length > 0 ||
    key.length > MAX_KEY ||
    !(VISIBLE.test(key) || QUOTED.test(given.trim())) ||
    key.trim() === ""
  ) {
    return refuse("invalid_request", undefined, {
      errors: [{ path: "header.Idempotency-Key", message: `must be one value of 1 to ${MAX_KEY} visible characters` }],
    });
  }
  return key;
}

interface Keyed {
  route: Pick<ApiRoute, "path" | "method">;
  key: string;
  input: { params: unknown; query: unknown; body: unknown };
}
type Outcome = Reply | Refusal;

/** Runs the handler under the key, or gives what a request with this key was answered before. */
export async function runOnce(
  context: RequestContext<"store" | "log">,
  { route, key, input }: Keyed,
  handle: () => Promise<Outcome>,
): Promise<Outcome> {
  const {
    actor,
    dependencies: { store },
  } = context;
  const mac = (label: string, value: string) => Buffer.from(store.blindIndex(label, value)).toString("base64url");
  const id = mac("idempotency-key", canonicalOf([actor.name, route.method, route.path, input.params, key]));
  const taking = await store.limits.take([{ key: `idempotency/${actor.name}`, most: MOST_KEYS, windowMs: WINDOW_MS }]);
  if (!taking.ok)
    return refuse("rate_limited", `At most ${MOST_KEYS} idempotency keys are taken within 10 minutes.`, {
      retryAfterSeconds: taking.retryAfterMs / 1_000,
    });
  const token = await claim(store, id, mac("idempotency-request", canonicalOf([input.query, input.body])));
  if (typeof token !== "string") return token;
  return runClaimed(context, { id, token }, handle);
}

/** The token of the claim, or the answer when the key is in use already. */
async function claim(store: Store, id: string, fingerprint: string): Promise<string | Outcome> {
  const claimed = await store.idempotency.claim(id, fingerprint);
  switch (claimed.state) {
    case "claimed":
      return claimed.token;
    case "answered":
      return replyOf(claimed.answer);
    case "other_request":
      return refuse("idempotency_key_reused");
    case "under_way":
      return UNDER_WAY;
    case "abandoned": {
      const { begun } = claimed;
      const left = begun
        ? await leftBehind(store, {
            at: begun.at,
            detail: { write: begun.write, ...(begun.target !== undefined && { target: begun.target }) },
          })
        : "not_done";
      if (left !== "not_done")
        return refuse(
          "idempotency_answer_lost",
          left === "done" && begun?.target !== undefined ? `The request was done: see ${begun.target}.` : undefined,
        );
      return (await store.idempotency.takeOver(id, claimed.token)) ?? UNDER_WAY;
    }
  }
}

const UNDER_WAY = refuse("idempotency_key_in_use", undefined, { retryAfterSeconds: 1 });

async function runClaimed(
  context: RequestContext<"store" | "log">,
  { id, token }: { id: string; token: string },
  handle: () => Promise<Outcome>,
): Promise<Outcome> {
  const {
    act,
    dependencies: { store, log },
  } = context;
  let begun = false;
  act?.beforeFirst(async (write, target) => {
    await store.idempotency.begin(id, token, { write, at: new Date(), ...(target !== undefined && { target }) });
    begun = true;
  });
  // What fails here is told by the lease. The answer stands, and the key is looked at by what was begun.
  const quietly = (work: Promise<void>) =>
    work.catch((error: unknown) => log.warn({ err: error }, "an idempotency key could not be written"));
  try {
    const outcome = await handle();
    if (isRefusal(outcome)) await quietly(store.idempotency.release(id, token));
    else await quietly(keep(context, { id, token }, outcome));
    return outcome;
  } catch (error) {
    await quietly(begun ? store.idempotency.abandon(id, token) : store.idempotency.release(id, token));
    throw error;
  }
}

async function keep(
  context: RequestContext<"store">,
  { id, token }: { id: string; token: string },
  outcome: Reply,
): Promise<void> {
  const { store } = context.dependencies;
  const bytes = Buffer.from(JSON.stringify(outcome));
  if (bytes.byteLength > MAX_ANSWER_BYTES) return store.idempotency.abandon(id, token);
  await store.idempotency.complete(id, token, { scope: scopeOf(context, outcome.body), bytes });
}

/** The group's key where the answer is about one group: it ends with the group. */
function scopeOf({ actor }: RequestContext, body: unknown): KeyScope {
  const given: unknown = typeof body === "object" && body !== null && "groupId" in body ? body.groupId : undefined;
  const group = typeof given === "string" ? given : actor.groupIds?.length === 1 ? actor.groupIds[0] : undefined;
  return group === undefined ? "system" : `group/${group}`;
}

const keptReply = z.object({
  status: z.union([z.literal(200), z.literal(201), z.literal(202), z.literal(204)]),
  body: z.unknown(),
  headers: z.record(z.string(), z.string()).optional(),
});

function replyOf(answer: Uint8Array): Reply {
  const { status, body, headers } = keptReply.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
  return { status, ...(body !== undefined && { body }), headers: { ...headers, "idempotent-replayed": "true" } };
}
