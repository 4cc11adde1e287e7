/** A message of an AsyncAPI document, of version 2 or 3, as an event type. */
import { isObject } from "../../../catalogue/json-schema.js";
import { type DescribedType, describedType, describing, withoutSchema } from "./described-type.js";
import type { Warn } from "./modern-schema.js";
import { bundle, follow, type ReadResult } from "./references.js";

export interface Message {
  message: Record<string, unknown>;
  /** JSON pointer of what describes it. */
  at: string;
  /** Where nothing else gives a name. */
  key: unknown;
  /** Of AsyncAPI 2: the id of the operation of which this is the only message. */
  operationId?: unknown;
  channel: Record<string, unknown>;
  /** Of the channel, when this is its only message. */
  address: unknown;
  alone: boolean;
  /** The payload's schema, as the version of the document writes it. */
  schema?: { value: unknown; at: string; format: unknown };
}

/** As documents write them: some have no version, or a short one. */
const SCHEMA_FORMATS = [
  /^application\/json$/,
  /^application\/schema\+(json|yaml)(;version=(draft-?0?[4-7]|(draft\/)?(2019-09|2020-12)))?$/,
  /^application\/vnd\.aai\.asyncapi(\+json|\+yaml)?(;version=[23](\.\d+){0,2}(-[\w.]+)?)?$/,
  /^application\/vnd\.oai\.openapi(\+json|\+yaml)?(;version=3(\.\d+){0,2})?$/,
];
const isKnownFormat = (format: string): boolean => {
  const plain = format
    .toLowerCase()
    .replaceAll(/[\s"']/g, "")
    .replace(/;charset=utf-8$/, "");
  return SCHEMA_FORMATS.some((known) => known.test(plain));
};
const JSON_CONTENT = /^((application|text)\/(json|[a-z0-9.+*-]+\+json)\b|(application|\*)\/\*)/i;

export function typeOfMessage(
  document: Record<string, unknown>,
  found: Message,
  warn: Warn,
): ReadResult<DescribedType> {
  const { message, at, channel, alone, address, key } = found;
  const contentType = message["contentType"] ?? document["defaultContentType"];
  const isOther = typeof contentType === "string" && contentType.trim() !== "" && !JSON_CONTENT.test(contentType);
  if (isOther) warn(`${at}/contentType`, withoutSchema(contentType, "JSON"));
  const schema = isOther ? undefined : schemaOf(document, found, warn);
  if (schema && !schema.ok) return schema;
  const examples =
    !isOther && Array.isArray(message["examples"])
      ? message["examples"].flatMap((example: unknown) =>
          isObject(example) && "payload" in example ? [example["payload"]] : [],
        )
      : [];
  return describedType(
    {
      at,
      names: [message["name"], message["messageId"]],
      places: [...(alone ? [address] : []), key, found.operationId],
      extensions: [message, ...(alone ? [channel] : [])],
      deprecated: message["deprecated"] === true,
      description: describing(message["description"], message["summary"], message["title"], channel["description"]),
      ...(schema && { schema: schema.value }),
      examples,
    },
    warn,
  );
}

function schemaOf(
  document: unknown,
  { schema, at }: Message,
  warn: Warn,
): ReadResult<Record<string, unknown>> | undefined {
  if (!schema || schema.value === undefined) return undefined;
  const { format } = schema;
  if (format !== undefined && (typeof format !== "string" || !isKnownFormat(format))) {
    warn(`${at} schemaFormat`, withoutSchema(typeof format === "string" ? format : "", "a known JSON Schema"));
    return undefined;
  }
  return bundle(document, schema, warn);
}

/** A trait gives what the message itself leaves out. */
export function withTraits(
  document: unknown,
  message: Record<string, unknown>,
  at: string,
  warn: Warn,
): Record<string, unknown> {
  const traits = Array.isArray(message["traits"]) ? (message["traits"] as unknown[]) : [];
  const resolved = traits.map((value, index) => {
    const trait = follow(document, { value, at: `${at}/traits/${index}` });
    if (!trait.ok) for (const fault of trait.errors) warn(fault.path, `${fault.message}; the trait is left out`);
    return trait.ok && isObject(trait.value.value) ? trait.value.value : {};
  });
  return { ...(Object.assign({}, ...resolved) as Record<string, unknown>), ...message };
}
