/** This service's own SAML metadata, which an administrator gives to the identity provider. */
import type { ServerResponse } from "node:http";
import { z } from "zod";
import type { SamlConnection } from "../../../store/collections/saml-connections.js";
import { refuse } from "../../http/errors.js";
import { send, sendRefusal } from "../../http/respond.js";
import type { RequestContext, ApiRoute } from "../../route.js";
import { withSpKey } from "../sp-keys.js";
import { spMetadata } from "../sp-metadata.js";
import { connectionId } from "./schemas.js";
import { parseQuery } from "../../http/validate.js";

const TYPE = "application/samlmetadata+xml";
const shared = { method: "get", tag: "Administration", act: "public", responseType: TYPE } as const;
const answer = { status: 200, description: "SAML 2.0 metadata", schema: z.string() } as const;

async function reply(
  found: SamlConnection | undefined,
  { dependencies: { settings, store } }: RequestContext<"store" | "settings">,
  response: ServerResponse,
): Promise<void> {
  const connection = found && (await withSpKey(store, found));
  if (!connection) return sendRefusal(response, refuse("not_found"));
  send(response, 200, spMetadata(connection, settings.publicUrl), { "content-type": TYPE });
}

export const samlMetadataRoutes: readonly ApiRoute[] = [
  {
    ...shared,
    path: "/saml/metadata/{id}",
    operationId: "samlMetadata",
    summary: "SAML metadata of this service for a connection",
    params: z.strictObject({ id: connectionId }),
    response: answer,
    async serve(context: RequestContext<"store" | "settings">, request, response) {
      await reply(
        await context.dependencies.store.samlConnections.get(String(request.params?.["id"])),
        context,
        response,
      );
    },
  },
  {
    ...shared,
    path: "/saml/metadata",
    operationId: "samlMetadataOfOne",
    summary: "The same, for `connection` or the only one there is",
    query: z.strictObject({ connection: connectionId.optional() }),
    response: answer,
    problems: ["not_found"],
    async serve(context: RequestContext<"store" | "settings">, request, response) {
      const { samlConnections } = context.dependencies.store;
      // The router has checked the query.
      const query = parseQuery(request.url ?? "");
      const id = query.ok ? query.value["connection"] : undefined;
      if (id !== undefined) return reply(await samlConnections.get(id), context, response);
      const { data } = await samlConnections.list({ limit: 2 });
      await reply(data.length === 1 ? data[0] : undefined, context, response);
    },
  },
];
