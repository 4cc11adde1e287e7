/**
 * Lets a request in. It checks the key or the session, the limits on wrong keys and on requests, and that no other site
 * uses the session.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Actor } from "./actor.js";
import { createAuthentication, createRequestLimit, createWrongKeyLimit, networkOf } from "./authenticate.js";
import { sessionTokenOf } from "../http/cookies.js";
import { isCrossSite } from "../http/cross-site.js";
import type { ApiDependencies } from "../dependencies.js";
import { createGuessDelay } from "./guess-delay.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { Sessions } from "../login/sessions.js";
import { isBackground, isTemporalUi } from "../temporal-ui/route.js";

/**
 * The actor, or why there is none. It answers without a promise where nothing has to be counted, because a promise
 * would cost the publish path time.
 */
export type Gate = (request: IncomingMessage, response: ServerResponse) => Actor | Refusal | Promise<Actor | Refusal>;

/**
 * Whether a page asks this by itself. An open tab must not keep a person logged in who has gone. The portal's pages say
 * so in a header. A client that sends it only lets its own session end earlier.
 */
const asksByItself = (request: IncomingMessage): boolean =>
  request.headers["sealpost-background"] === "1" || isBackground(request);

export function createGate(
  dependencies: Pick<ApiDependencies, "store" | "catalogue" | "settings" | "clientAddress" | "auditTally" | "log">,
  sessions: Sessions,
): Gate {
  const { settings, store, clientAddress } = dependencies;
  const recordGuess = createGuessRecord(dependencies);
  const authenticate = createAuthentication(dependencies);
  const limitWrongKeys = createWrongKeyLimit(settings.wrongKeysPerMinute);
  const delayGuess = createGuessDelay(settings.wrongKeysPerMinute);
  const limitRequests = createRequestLimit(settings.requestsPerSecond);
  const ours = [new URL(settings.publicUrl).origin];

  async function limited(response: ServerResponse, who: string, actor: Actor): Promise<Actor | Refusal> {
    if (!limitRequests) return actor;
    const { headers, refusal } = await limitRequests(who);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    return refusal ?? actor;
  }

  async function admitSession(
    token: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Actor | Refusal> {
    if (isCrossSite(request, ours)) return refuse("cross_site_request");
    const admitted = await sessions.admit(token, asksByItself(request) ? "unused" : undefined);
    if ("refused" in admitted)
      return (
        (admitted.refused === "session_ended" ? await sessions.countRefusal(clientAddress(request)) : undefined) ??
        admitted
      );
    // A page of the Temporal UI is some 150 files, and its calls are bounded by how many are open
    // (temporal-ui/streams.ts).
    return isTemporalUi(request.url) ? admitted : limited(response, admitted.name, admitted);
  }

  async function answerGuess(address: string, keyClass: string, refusal: Refusal): Promise<Refusal> {
    const [over, waited] = await Promise.all([limitWrongKeys(address, keyClass), delayGuess(networkOf(address))]);
    if (waited) return over ?? refusal;
    // Too many answers wait already. This request is refused at once and its socket is closed.
    return {
      ...(over ?? refuse("too_many_wrong_keys", undefined, { retryAfterSeconds: 1 })),
      headers: { connection: "close" },
    };
  }

  return (request, response) => {
    // If both are sent, then the key counts, because the header was set on purpose.
    if (request.headers.authorization === undefined) {
      const token = sessionTokenOf(request);
      if (token !== undefined) return admitSession(token, request, response);
    }
    const result = authenticate(request);
    if ("refusal" in result) {
      // A request without a key is no guess at one.
      if (!result.wrong) return result.refusal;
      recordGuess(clientAddress(request));
      return answerGuess(clientAddress(request), result.keyClass, result.refusal);
    }
    const { actor, keyId } = result;
    if (keyId !== undefined) store.keyUses.note(keyId);
    return limitRequests && keyId !== undefined ? limited(response, keyId, actor) : actor;
  };
}

/**
 * So many networks are named in the audit within a minute. Guesses from further networks are counted together, or a
 * botnet could fill the audit.
 */
const NETWORKS_NAMED = 50;
const NAMED_FOR_MS = 60_000;

/**
 * Records wrong keys by network. The first one of a minute has its own entry, and the others are counted. The refusal
 * does not wait for it.
 */
function createGuessRecord({
  auditTally,
  log,
}: Pick<ApiDependencies, "auditTally" | "log">): (address: string) => void {
  let named = new Set<string>();
  let since = 0;
  return (address) => {
    if (Date.now() - since > NAMED_FOR_MS) {
      since = Date.now();
      named = new Set();
    }
    const network = networkOf(address);
    if (named.size < NETWORKS_NAMED) named.add(network);
    auditTally
      .record({
        actor: "anybody",
        action: "key.refuse",
        subject: named.has(network) ? `address:${network}` : "address:others",
        counts: {},
      })
      .catch((error: unknown) => log.error({ err: error }, "wrong keys are not on record"));
  };
}
