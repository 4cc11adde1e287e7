/** Event types out of an AsyncAPI 3 document: the messages that its application sends. */
import { isObject, pointerStep } from "../../activities/json-schema.js";
import { collected, type DescribedType, describedType, describing, EXTENSION } from "./described-type.js";
import { bundle, fault, follow, fromDraft07, type Located, type Outcome } from "./references.js";

interface Message {
  message: Record<string, unknown>;
  at: string;
  /** Its key in the channel. */
  key: string;
  channel: Record<string, unknown>;
  channelAt: string;
  alone: boolean;
}

const ASYNCAPI_FORMAT = /^application\/vnd\.aai\.asyncapi(\+json|\+yaml)?;version=3\.\d+\.\d+$/;
const JSON_SCHEMA_FORMAT = /^application\/schema\+(json|yaml);version=(draft-07|2020-12)$/;
const JSON_CONTENT = /^application\/(json|[a-z0-9.+-]+\+json)\b/i;

/** The document has been checked against the schema of AsyncAPI 3. */
export function typesOfAsyncApi(document: Record<string, unknown>): Outcome<DescribedType[]> {
  const channels = isObject(document["channels"]) ? document["channels"] : {};
  const sent = sentMessages(document);
  const outcomes: Outcome<DescribedType>[] = [];
  for (const [name, given] of Object.entries(channels)) {
    const channel = follow(document, { value: given, at: `/channels${pointerStep(name)}` });
    if (!channel.ok) outcomes.push(channel);
    else for (const message of messagesOf(document, channel.value)) {
      const type = message.ok ? typeOf(document, message.value, sent) : message;
      if (type) outcomes.push(type);
    }
  }
  return collected(outcomes);
}

function messagesOf(document: unknown, { value, at }: Located): Outcome<Message>[] {
  if (!isObject(value) || !isObject(value["messages"])) return [];
  const messages = Object.entries(value["messages"]);
  return messages.map(([key, given]) => {
    const found = follow(document, { value: given, at: `${at}/messages${pointerStep(key)}` });
    if (!found.ok) return found;
    if (!isObject(found.value.value)) return fault(found.value.at, "must be a message");
    return { ok: true, value: { message: withTraits(document, found.value.value), at: found.value.at, key, channel: value, channelAt: at, alone: messages.length === 1 } };
  });
}

/** A trait gives what the message itself leaves out. */
function withTraits(document: unknown, message: Record<string, unknown>): Record<string, unknown> {
  const traits = Array.isArray(message["traits"]) ? message["traits"] : [];
  const resolved = traits.map((trait) => follow(document, { value: trait, at: "" }));
  return { ...Object.assign({}, ...resolved.map((trait) => (trait.ok && isObject(trait.value.value) ? trait.value.value : {}))) as Record<string, unknown>, ...message };
}

/** Channels, and messages where an operation names them, that an operation sends; undefined: there are no operations, so everything is sent. */
function sentMessages(document: Record<string, unknown>): { channels: Set<string>; messages: Set<string> } | undefined {
  const operations = Object.values(isObject(document["operations"]) ? document["operations"] : {});
  if (operations.length === 0) return undefined;
  const sent = { channels: new Set<string>(), messages: new Set<string>() };
  const placeOf = (value: unknown): string | undefined => {
    const found = follow(document, { value, at: "" });
    return found.ok ? found.value.at : undefined;
  };
  for (const given of operations) {
    const found = follow(document, { value: given, at: "" });
    const operation = found.ok && isObject(found.value.value) ? found.value.value : {};
    if (operation["action"] !== "send") continue;
    const messages = Array.isArray(operation["messages"]) ? operation["messages"].map(placeOf) : undefined;
    for (const at of messages ?? []) if (at !== undefined) sent.messages.add(at);
    const channel = messages ? undefined : placeOf(operation["channel"]);
    if (channel !== undefined) sent.channels.add(channel);
  }
  return sent;
}

function typeOf(document: Record<string, unknown>, found: Message, sent: ReturnType<typeof sentMessages>): Outcome<DescribedType> | undefined {
  const { message, at, channel, channelAt } = found;
  if (sent && !sent.channels.has(channelAt) && !sent.messages.has(at)) return undefined;
  const contentType = message["contentType"] ?? document["defaultContentType"];
  if (typeof contentType === "string" && !JSON_CONTENT.test(contentType)) return fault(`${at}/contentType`, "is not JSON");
  const schema = schemaOf(document, message["payload"], `${at}/payload`);
  if (schema && !schema.ok) return schema;
  const examples = Array.isArray(message["examples"]) ? message["examples"].flatMap((example: unknown) => (isObject(example) && "payload" in example ? [example["payload"]] : [])).slice(0, 10) : [];
  return describedType(at, {
    name: nameOf(found), description: describing(message["description"], message["summary"], message["title"], channel["description"]),
    ...(schema && { schema: schema.value }), ...(examples.length > 0 && { examples }),
  }, message, message["deprecated"] === true);
}

/** The extension; else the address of a channel with this one message, with `.` for `/`; else the message's own name. */
function nameOf({ message, key, channel, alone }: Message): unknown {
  const { [EXTENSION.eventType]: ofMessage } = message;
  if (ofMessage !== undefined) return ofMessage;
  if (alone && channel[EXTENSION.eventType] !== undefined) return channel[EXTENSION.eventType];
  if (alone && typeof channel["address"] === "string") return channel["address"].replace(/^\/+|\/+$/g, "").replaceAll("/", ".");
  return message["name"] ?? key;
}

function schemaOf(document: unknown, payload: unknown, at: string): Outcome<Record<string, unknown>> | undefined {
  if (payload === undefined) return undefined;
  const found = follow(document, { value: payload, at });
  if (!found.ok) return found;
  const { value } = found.value;
  if (!isObject(value) || value["schema"] === undefined) return bundle(document, found.value, fromDraft07);
  const { schemaFormat } = value;
  const format = typeof schemaFormat === "string" ? schemaFormat.replaceAll(/\s/g, "") : "application/vnd.aai.asyncapi;version=3.0.0";
  if (!ASYNCAPI_FORMAT.test(format) && !JSON_SCHEMA_FORMAT.test(format)) return fault(`${found.value.at}/schemaFormat`, "must be AsyncAPI 3 or JSON Schema draft-07 or 2020-12");
  return bundle(document, { value: value["schema"], at: `${found.value.at}/schema` }, format.endsWith("2020-12") ? (schema) => schema : fromDraft07);
}
