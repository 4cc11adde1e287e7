/**
 * Event types from an AsyncAPI 3 document. They are the messages that its application sends, or receives if it is a
 * consumer's document.
 */
import { isObject, pointerStep } from "../../../catalogue/json-schema.js";
import { collect, type DescribedType, type ReadTypes } from "./described-type.js";
import { type Message, typeOfMessage, withTraits } from "./messages.js";
import type { ImportNotice, Warn } from "./modern-schema.js";
import { fault, follow, type Located, type ReadResult } from "./references.js";

/**
 * Whose document it is. In a provider's document the events are what the application sends. In a consumer's document
 * they are what it receives.
 */
export type Perspective = "provider" | "consumer";

/** JSON pointers of what operations name. */
interface Places {
  channels: Set<string>;
  messages: Set<string>;
}
interface Operations {
  events: Places;
  /** Messages that answer a request. */
  replies: Places;
  /** There are operations, and none of them goes the way of events. */
  onlyOthers: boolean;
  skipped: ImportNotice[];
}

export function typesOfAsyncApi(document: Record<string, unknown>, perspective: Perspective): ReadResult<ReadTypes> {
  const channels = isObject(document["channels"]) ? document["channels"] : {};
  if (Object.keys(channels).length === 0) return fault("/channels", NO_CHANNEL);
  const operations = operationsOf(document, perspective);
  if (operations?.onlyOthers) return fault("/operations", perspective === "provider" ? ONLY_RECEIVE : ONLY_SEND);
  const read: ReadTypes = { types: [], skipped: operations?.skipped ?? [], warnings: [] };
  const warn: Warn = (path, reason) => void read.warnings.push({ path, reason });
  const taken = new Set<string>();
  for (const [name, given] of Object.entries(channels)) {
    const channel = follow(document, { value: given, at: `/channels${pointerStep(name)}` });
    if (!channel.ok) collect(read, channel);
    else
      for (const message of messagesOf(document, channel.value, warn))
        collectMessage(document, { read, warn, operations, taken, channelAt: channel.value.at }, message);
  }
  return { ok: true, value: read };
}

const ONLY_RECEIVE =
  "only receive, so that the document is a consumer's or a broker's: import it with " +
  "?perspective=consumer to take what it receives as event types";
const NO_CHANNEL = "hold nothing: an event is a message of a channel, and one under `components` alone is none";
const ONLY_SEND = "only send: import the document without ?perspective=consumer to take what it sends as event types";

interface Reading {
  read: ReadTypes;
  warn: Warn;
  operations: Operations | undefined;
  taken: Set<string>;
  channelAt: string;
}

function collectMessage(
  document: Record<string, unknown>,
  { read, warn, operations, taken, channelAt }: Reading,
  message: ReadResult<Message>,
): void {
  if (!message.ok) return collect(read, message);
  const { at } = message.value;
  const isIn = ({ channels, messages }: Places): boolean => channels.has(channelAt) || messages.has(at);
  if (operations && !isIn(operations.events)) {
    if (isIn(operations.replies)) read.skipped.push({ path: at, reason: "is the reply to a request and no event" });
    return;
  }
  const type: ReadResult<DescribedType> = typeOfMessage(document, message.value, warn);
  // One message in several channels is one event type.
  const key = type.ok ? `${at} ${type.value.name}` : at;
  if (!taken.has(key)) collect(read, type);
  taken.add(key);
}

function messagesOf(document: unknown, { value, at }: Located, warn: Warn): ReadResult<Message>[] {
  if (!isObject(value) || !isObject(value["messages"])) return [];
  const messages = Object.entries(value["messages"]);
  return messages.map(([key, given]) => {
    const found = follow(document, { value: given, at: `${at}/messages${pointerStep(key)}` });
    if (!found.ok) return found;
    if (!isObject(found.value.value)) return fault(found.value.at, "must be a message");
    const message = withTraits(document, found.value.value, found.value.at, warn);
    const alone = messages.length === 1;
    const schema = payloadOf(document, message["payload"], `${found.value.at}/payload`);
    if (!schema.ok) return schema;
    return {
      ok: true,
      value: {
        message,
        at: found.value.at,
        key,
        channel: value,
        alone,
        address: value["address"],
        ...(schema.value && { schema: schema.value }),
      },
    };
  });
}

/** The schema, or a Multi Format Schema Object around it. */
function payloadOf(document: unknown, payload: unknown, at: string): ReadResult<Message["schema"]> {
  if (payload === undefined) return { ok: true, value: undefined };
  const found = follow(document, { value: payload, at });
  if (!found.ok) return found;
  const { value } = found.value;
  if (!isObject(value) || value["schema"] === undefined)
    return { ok: true, value: { ...found.value, format: undefined } };
  return { ok: true, value: { value: value["schema"], at: `${found.value.at}/schema`, format: value["schemaFormat"] } };
}

/**
 * The messages that the operations send, or receive in a consumer's document. Undefined when there are no operations,
 * so that every message is an event.
 */
function operationsOf(document: Record<string, unknown>, perspective: Perspective): Operations | undefined {
  const given = Object.entries(isObject(document["operations"]) ? document["operations"] : {});
  if (given.length === 0) return undefined;
  const found: Operations = {
    events: { channels: new Set(), messages: new Set() },
    replies: { channels: new Set(), messages: new Set() },
    onlyOthers: true,
    skipped: [],
  };
  const note = (places: Places, named: Record<string, unknown>, at: string): void => {
    const messages = Array.isArray(named["messages"])
      ? named["messages"].map((value: unknown, index) => ({ value, at: `${at}/messages/${index}` }))
      : undefined;
    for (const located of messages ?? [{ value: named["channel"], at: `${at}/channel` }]) {
      const place = follow(document, located);
      if (place.ok) (messages ? places.messages : places.channels).add(place.value.at);
      else found.skipped.push(...place.errors.map(({ path, message }) => ({ path, reason: message })));
    }
  };
  for (const [name, value] of given) {
    const at = `/operations${pointerStep(name)}`;
    const operation = follow(document, { value, at });
    if (!operation.ok) found.skipped.push(...operation.errors.map(({ path, message }) => ({ path, reason: message })));
    if (!operation.ok || !isObject(operation.value.value)) continue;
    const { action, reply } = operation.value.value;
    if (action === (perspective === "provider" ? "send" : "receive")) {
      found.onlyOthers = false;
      note(found.events, operation.value.value, operation.value.at);
    } else if (isObject(reply) && (reply["channel"] !== undefined || reply["messages"] !== undefined))
      note(found.replies, reply, `${operation.value.at}/reply`);
  }
  return found;
}
