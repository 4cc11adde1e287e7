/** Lets a request in: authentication, the limit on wrong keys and the limit on requests of one key. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Actor } from "./access.js";
import { createAuthentication, createRequestLimit, createWrongKeyLimit } from "./authenticate.js";
import type { ApiDependencies } from "./dependencies.js";
import type { Refusal } from "./errors.js";

/** The actor, or why there is none. Answers at once where nothing has to be counted: the publish path pays for no promise. */
export type Gate = (request: IncomingMessage, response: ServerResponse) => Actor | Refusal | Promise<Actor | Refusal>;

export function createGate(dependencies: Pick<ApiDependencies, "store" | "catalogue" | "settings">): Gate {
  const authenticate = createAuthentication(dependencies);
  const limitWrongKeys = createWrongKeyLimit(dependencies.settings.wrongKeysPerMinute);
  const limitRequests = createRequestLimit(dependencies.settings.requestsPerSecond);
  return (request, response) => {
    const result = authenticate(request);
    if ("refusal" in result) {
      // A request without a key is no guess at one.
      if (!result.wrong) return result.refusal;
      return limitWrongKeys(request.socket.remoteAddress, result.keyClass).then((limited) => limited ?? result.refusal);
    }
    const { actor, keyId } = result;
    if (!limitRequests || keyId === undefined) return actor;
    return limitRequests(keyId).then(({ headers, refusal }) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      return refusal ?? actor;
    });
  };
}
