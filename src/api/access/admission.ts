/** Who may make a request to a route. The gate checks the key or the session, then the role must have the act. */
import type { ServerResponse } from "node:http";
import type { ApiDependencies } from "../dependencies.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { ApiRoute, RoutedRequest } from "../route.js";
import { mayAct } from "./access.js";
import type { Actor } from "./actor.js";
import type { Gate } from "./gate.js";

/** The actor of public routes, which need no key. */
export const ANYBODY: Actor = { name: "anybody", role: "consumer", groupIds: [] };

/** `know` is called as soon as the actor is known, so that the log names the actor even if the request fails later. */
type Admission = (
  request: RoutedRequest,
  response: ServerResponse,
  know: (actor: Actor) => void,
) => Promise<Actor | Refusal>;

/** The admission to one route. */
export function createAdmission(
  route: ApiRoute,
  { auditTally, log, settings }: Pick<ApiDependencies, "auditTally" | "log" | "settings">,
  gate: Gate,
): Admission {
  const { act, operationId } = route;
  if (act === "public" || (route.publicOutsideProduction === true && !settings.production))
    return () => Promise.resolve(ANYBODY);
  return async (request, response, know) => {
    const admission = gate(request, response);
    const admitted = admission instanceof Promise ? await admission : admission;
    if ("refused" in admitted) return admitted;
    know(admitted);
    if (mayAct(admitted, act)) return admitted;
    // The request is refused whether or not the refusal can be recorded.
    auditTally
      .record({ actor: admitted.name, action: "access.refuse", subject: operationId, counts: {} })
      .catch((error: unknown) =>
        log.error({ err: error, operation: operationId, actor: admitted.name }, "a refusal is not on record"),
      );
    return refuse("forbidden");
  };
}
