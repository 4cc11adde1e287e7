/** The payload of an event, for those who may see content. Who reads it records that, before it is answered. */
import { isUtf8 } from "node:buffer";
import type { z } from "zod";
import { StoreError } from "../../store/store-error.js";
import type { RequestContext } from "../route.js";
import type { payloadView } from "./schemas.js";

/** What is read of an event. Undefined when its content was erased or cannot be opened any more. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreError && UNREADABLE.includes(error.code)) return undefined;
    throw error;
  }
}
const UNREADABLE: readonly StoreError["code"][] = ["key_destroyed", "key_unknown", "sealed_data_invalid"];

/** The bytes of the event. Undefined when its content was erased or cannot be opened any more. */
export async function payloadBytes(
  { dependencies: { store } }: RequestContext<"store">,
  eventId: string,
): Promise<Buffer | undefined> {
  const bytes = await readable(() => store.events.payload(eventId));
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The same for inspection. */
export async function payloadOf(
  context: RequestContext<"store">,
  eventId: string,
): Promise<z.input<typeof payloadView> | undefined> {
  const [record, body] = await Promise.all([
    readable(() => context.dependencies.store.events.get(eventId)),
    payloadBytes(context, eventId),
  ]);
  if (!record || !body) return undefined;
  const encoding = isUtf8(body) ? "utf8" : "base64";
  return { contentType: record.contentType, body: body.toString(encoding), encoding };
}
