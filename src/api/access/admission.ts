/** Who may make a request of a route: the key or session at the gate, then the role's acts. */
import type { ServerResponse } from "node:http";
import type { ApiDependencies } from "../dependencies.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { ApiRoute, RoutedRequest } from "../route.js";
import { mayAct } from "./access.js";
import type { Actor } from "./actor.js";
import type { Gate } from "./gate.js";

/** Nobody in particular: public routes need no key. */
export const ANYBODY: Actor = { name: "anybody", role: "consumer", groupIds: [] };

/** `know` is told who it is as soon as that is known: the log names them also when the request fails. */
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
    // The refusal stands whether or not it is on record.
    auditTally
      .record({ actor: admitted.name, action: "access.refuse", subject: operationId, counts: {} })
      .catch((error: unknown) =>
        log.error({ err: error, operation: operationId, actor: admitted.name }, "a refusal is not on record"),
      );
    return refuse("forbidden");
  };
}
