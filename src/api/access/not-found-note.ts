/** Keeps on record that somebody with limits asked for an object that is not there for them. */
import type { ServerResponse } from "node:http";
import type { ApiDependencies } from "../dependencies.js";
import { problemCodeOf } from "../http/respond.js";
import type { ApiRoute, RoutedRequest } from "../route.js";
import type { Actor } from "./actor.js";

type Note = (actor: Actor, request: RoutedRequest, response: ServerResponse) => void;

/**
 * To be called once the request is answered. Whether the object is another group's or is missing makes no difference
 * here, as it makes none in the answer. Ids are not kept, because a path may hold anything. Who has no limits is not
 * noted: for them an object that is not found does not exist.
 */
export function createNotFoundNote(
  { operationId }: Pick<ApiRoute, "operationId">,
  { auditTally, log }: Pick<ApiDependencies, "auditTally" | "log">,
): Note {
  return (actor, { params }, response) => {
    const isLimited = actor.groupIds !== undefined || actor.apiIds !== undefined;
    if (!isLimited || actor.name === "anybody" || Object.keys(params ?? {}).length === 0) return;
    if (problemCodeOf(response) !== "not_found") return;
    auditTally
      .record({ actor: actor.name, action: "access.not_found", subject: operationId, counts: {} })
      .catch((error: unknown) => log.error({ err: error, operation: operationId }, "a 404 is not on record"));
  };
}
