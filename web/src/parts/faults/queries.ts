/** What the schema of an event type says of a payload that is shown. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../../api/client.js";

export type PayloadLook = Schemas["PayloadLookResult"];
export type PayloadFault = PayloadLook["faults"][number];

interface Looked {
  /** Whose payload it is. A payload never changes, and it is too large for a key. */
  id: string;
  eventType: string;
  payload: Schemas["Payload"];
  /** The version is meant that was the newest then. */
  at: string;
}

/** Null where this person does not see the event type, or it has no schema. */
export const payloadLookQuery = ({ id, eventType, payload, at }: Looked) =>
  queryOptions({
    queryKey: ["payload-look", id],
    async queryFn({ signal }): Promise<PayloadLook | null> {
      // A list does not refuse what is not seen. To ask for one object would be on record as a try.
      const query = { prefix: eventType, limit: 250 };
      const types = await ask(api.GET("/v1/event-types", { params: { query }, signal }));
      if (!types.data.some(({ name }) => name === eventType)) return null;
      const body = { ...payload, at };
      const look = await ask(
        api.POST("/v1/event-types/{name}/check", { params: { path: { name: eventType } }, body, signal }),
      );
      return look.checked ? look : null;
    },
    staleTime: Infinity,
  });
