/**
 * Event types from an AsyncAPI 2 document. Its application sends what others `subscribe` to, and it receives what they
 * `publish`.
 */
import { isObject, pointerStep } from "../../../catalogue/json-schema.js";
import type { Perspective } from "./asyncapi.js";
import { collect, type ReadTypes } from "./described-type.js";
import { type Message, typeOfMessage, withTraits } from "./messages.js";
import type { Warn } from "./modern-schema.js";
import { fault, follow, type ReadResult } from "./references.js";

export function typesOfAsyncApi2(document: Record<string, unknown>, perspective: Perspective): ReadResult<ReadTypes> {
  const read: ReadTypes = { types: [], skipped: [], warnings: [] };
  const warn: Warn = (path, reason) => void read.warnings.push({ path, reason });
  const [wanted, other] = perspective === "provider" ? ["subscribe", "publish"] : ["publish", "subscribe"];
  let [own, others] = [0, 0];
  const taken = new Set<string>();
  for (const [name, given] of Object.entries(isObject(document["channels"]) ? document["channels"] : {})) {
    const channel = follow(document, { value: given, at: `/channels${pointerStep(name)}` });
    if (!channel.ok) {
      collect(read, channel);
      continue;
    }
    const { value, at } = channel.value;
    if (!isObject(value)) continue;
    if (value[other] !== undefined) others++;
    const operation = value[wanted];
    if (!isObject(operation)) continue;
    own++;
    for (const message of messagesOf(document, { channel: value, name, operation, at: `${at}/${wanted}` }, warn)) {
      const type = message.ok ? typeOfMessage(document, message.value, warn) : message;
      const key = type.ok && message.ok ? `${message.value.at} ${type.value.name}` : undefined;
      if (key === undefined || !taken.has(key)) collect(read, type);
      if (key !== undefined) taken.add(key);
    }
  }
  if (own + others === 0) return fault("/channels", NO_OPERATION);
  if (own === 0)
    return fault(
      "/channels",
      `have only \`${other}\` operations: import the document ` +
        `${perspective === "provider" ? "with" : "without"} ?perspective=consumer`,
    );
  return { ok: true, value: read };
}

const NO_OPERATION = "hold no operation: an event is the message of a channel that others `subscribe` to";

interface Operation {
  channel: Record<string, unknown>;
  name: string;
  operation: Record<string, unknown>;
  at: string;
}

/** One message, or each of a `oneOf`. */
function messagesOf(
  document: unknown,
  { channel, name, operation, at: operationAt }: Operation,
  warn: Warn,
): ReadResult<Message>[] {
  if (operation["message"] === undefined) return [fault(operationAt, "has no message")];
  const found = follow(document, { value: operation["message"], at: `${operationAt}/message` });
  if (!found.ok) return [found];
  const { value, at } = found.value;
  if (!isObject(value)) return [fault(at, "must be a message")];
  const choices = Array.isArray(value["oneOf"])
    ? value["oneOf"].map((choice: unknown, index) => ({ value: choice, at: `${at}/oneOf/${index}` }))
    : undefined;
  return (choices ?? [{ value, at }]).map((choice) => {
    const one = follow(document, choice);
    if (!one.ok) return one;
    if (!isObject(one.value.value)) return fault(one.value.at, "must be a message");
    const message = withTraits(document, one.value.value, one.value.at, warn);
    // Of a reference the last step is the name that the document gives it.
    const key =
      one.value.at === choice.at && !one.value.at.startsWith("/components/")
        ? undefined
        : one.value.at.split("/").at(-1);
    return {
      ok: true,
      value: {
        message,
        at: one.value.at,
        key,
        channel,
        alone: (choices?.length ?? 1) === 1,
        address: name,
        operationId: choices ? undefined : operation["operationId"],
        schema: { value: message["payload"], at: `${one.value.at}/payload`, format: message["schemaFormat"] },
      },
    };
  });
}
