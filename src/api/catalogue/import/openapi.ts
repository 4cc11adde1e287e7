/**
 * Event types from the `webhooks` of an OpenAPI document. OpenAPI 3.0 writes them as `x-webhooks`, or as `callbacks`.
 */
import { isObject, pointerStep } from "../../../catalogue/json-schema.js";
import { callbacksOf } from "./callbacks.js";
import {
  collect,
  type DescribedType,
  describedType,
  describing,
  EXTENSION,
  type ReadTypes,
  withoutSchema,
} from "./described-type.js";
import type { Warn } from "./modern-schema.js";
import { bundle, fault, follow, type Located, type ReadResult } from "./references.js";

const JSON_CONTENT = /^((application|text)\/(json|[a-z0-9.+-]+\+json)\b|(application|\*)\/\*)/i;

/** Each part may be missing or wrong, because published documents are not always valid. */
export function typesOfOpenApi(document: Record<string, unknown>): ReadTypes {
  const read: ReadTypes = { types: [], skipped: [], warnings: [] };
  const warn: Warn = (path, reason) => void read.warnings.push({ path, reason });
  for (const member of ["webhooks", "x-webhooks"]) {
    const webhooks = isObject(document[member]) ? document[member] : {};
    for (const [name, value] of Object.entries(webhooks))
      collect(read, typeOf(document, { keys: [name], item: { value, at: `/${member}${pointerStep(name)}` } }, warn));
  }
  collectCallbacks(document, read, warn, read.types.length + read.skipped.length === 0);
  if (read.types.length + read.skipped.length === 0)
    read.skipped.push({
      path: "/webhooks",
      reason: "holds nothing, and neither does `x-webhooks`: event types are read from there, or from `callbacks`",
    });
  return read;
}

/**
 * Callbacks whose operation has the name of an event type, and `all` of them where there are no webhooks. Otherwise
 * they are answers to single requests.
 */
function collectCallbacks(document: Record<string, unknown>, read: ReadTypes, warn: Warn, all: boolean): void {
  const { callbacks, lost } = callbacksOf(document);
  if (all) collect(read, { ok: false, errors: lost });
  for (const { item, key, isOnly } of callbacks) {
    const named = isNamed(document, item);
    if (!named && !all) continue;
    const type = typeOf(document, { keys: isOnly ? [key] : [], item, place: key }, warn);
    if (type.ok && !named)
      warn(
        item.at,
        `is a callback, and taken as the event type ${type.value.name}, because the document has no webhooks`,
      );
    collect(read, type);
  }
}

function isNamed(document: Record<string, unknown>, given: Located): boolean {
  const item = follow(document, given);
  if (!item.ok || !isObject(item.value.value)) return false;
  return [item.value.value, item.value.value["post"]].some(
    (each) => isObject(each) && each[EXTENSION.eventType] !== undefined,
  );
}

interface Webhook {
  /** Names before the operation's own. */
  keys: readonly string[];
  /** Its path item, or a reference to one. */
  item: Located;
  /** What names it where nothing else does. */
  place?: string;
}

function typeOf(document: unknown, { keys, item: given, place }: Webhook, warn: Warn): ReadResult<DescribedType> {
  const item = follow(document, given);
  if (!item.ok) return item;
  const { at } = item.value;
  const path = isObject(item.value.value) ? item.value.value : {};
  const operation = path["post"];
  if (!isObject(operation)) return fault(at, "needs the method post, by which events are delivered");
  const media = mediaOf(document, operation["requestBody"], `${at}/post/requestBody`, warn);
  if (!media.ok) return media;
  return describedType(
    {
      at,
      names: [...keys, operation["operationId"]],
      places: place === undefined ? [] : [place],
      extensions: [operation, path],
      deprecated: operation["deprecated"] === true,
      description: describing(operation["description"], operation["summary"], path["description"], path["summary"]),
      ...media.value,
    },
    warn,
  );
}

/** Schema and examples of the JSON request body. Empty when there is no body, or none in JSON. */
function mediaOf(
  document: unknown,
  given: unknown,
  at: string,
  warn: Warn,
): ReadResult<{ schema?: Record<string, unknown>; examples: unknown[] }> {
  if (given === undefined || given === null) return { ok: true, value: { examples: [] } };
  const body = follow(document, { value: given, at });
  if (!body.ok) return body;
  const content =
    isObject(body.value.value) && isObject(body.value.value["content"]) ? body.value.value["content"] : {};
  if (Object.keys(content).length === 0) return { ok: true, value: { examples: [] } };
  const [type, media] = Object.entries(content).find(([name]) => JSON_CONTENT.test(name)) ?? [];
  if (type === undefined || !isObject(media)) {
    warn(`${body.value.at}/content`, withoutSchema(Object.keys(content).join(", "), "JSON"));
    return { ok: true, value: { examples: [] } };
  }
  const mediaAt = `${body.value.at}/content${pointerStep(type)}`;
  const schema =
    media["schema"] === undefined
      ? undefined
      : bundle(document, { value: media["schema"], at: `${mediaAt}/schema` }, warn);
  if (schema && !schema.ok) return schema;
  const examples: unknown[] = "example" in media ? [media["example"]] : [];
  for (const [name, example] of Object.entries(isObject(media["examples"]) ? media["examples"] : {})) {
    const found = follow(document, { value: example, at: `${mediaAt}/examples${pointerStep(name)}` });
    if (!found.ok) for (const { path, message } of found.errors) warn(path, `${message}; the example is left out`);
    else if (isObject(found.value.value) && "value" in found.value.value) examples.push(found.value.value["value"]);
    else warn(found.value.at, "has no value in this document; the example is left out");
  }
  return { ok: true, value: { ...(schema && { schema: schema.value }), examples } };
}
