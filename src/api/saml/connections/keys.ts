/**
 * This service's own key pairs towards an identity provider. An administrator rotates them and then gives the provider
 * the new metadata.
 */
import { z } from "zod";
import { liveSpKeys } from "../../../store/collections/saml-connections.js";
import { recordAct } from "../../access/audit.js";
import { refuse } from "../../http/errors.js";
import { ok, type ApiRoute, route, type RequestContext } from "../../route.js";
import { connectionViewOf } from "./view.js";
import { newSpKey, rotatedSpKeys } from "../sp-keys.js";
import { connectionId, connectionView, spKeyRotation } from "./schemas.js";

/**
 * A provider that reads metadata by itself does so within a day or two. If a person must enter the metadata, then it
 * takes longer.
 */
const DEFAULT_OVERLAP_SECONDS = 14 * 86_400;

export const samlKeyRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/saml-connections/{id}/keys/rotate",
    operationId: "rotateSamlKey",
    tag: "Administration",
    act: "connections:write",
    summary: "Rotate this service's key towards the identity provider",
    description:
      "The new key is in the metadata at once. Give it to the identity provider before the overlap " +
      "ends. Until then the earlier key signs, and both decrypt. If somebody else has the earlier " +
      "key, then end it at once with `overlapSeconds` 0.",
    params: z.strictObject({ id: connectionId }),
    body: spKeyRotation,
    bodyOptional: true,
    response: { status: 200, description: "The connection as it is now", schema: connectionView },
    async handle(
      context: RequestContext<"store" | "catalogue" | "settings">,
      { params: { id }, body: { overlapSeconds = DEFAULT_OVERLAP_SECONDS } },
    ) {
      const { store, settings } = context.dependencies;
      if (!(await store.samlConnections.get(id))) return refuse("not_found");
      const added = await newSpKey(id);
      const connection = await store.samlConnections.update(id, (current) => ({
        ...current,
        keys: rotatedSpKeys(current.keys, added, overlapSeconds),
      }));
      if (!connection) return refuse("not_found");
      await recordAct(context, "saml_connection.rotate_key", id, {
        overlapSeconds,
        certificate: added.fingerprint256,
        certificates: liveSpKeys(connection.keys, new Date()).map(({ fingerprint256 }) => fingerprint256),
      });
      return ok(connectionViewOf(connection, settings.publicUrl));
    },
  }),
];
