/** Event types from the `webhooks` of an OpenAPI document. OpenAPI 3.0 writes them as `x-webhooks`. */
import { isObject, pointerStep } from "../../../catalogue/json-schema.js";
import { collect, type DescribedType, describedType, describing, type ReadTypes } from "./described-type.js";
import type { ImportNotice, Warn } from "./modern-schema.js";
import { bundle, fault, follow, type ReadResult } from "./references.js";

const JSON_CONTENT = /^((application|text)\/(json|[a-z0-9.+-]+\+json)\b|(application|\*)\/\*)/i;

/** Each part may be missing or wrong, because published documents are not always valid. */
export function typesOfOpenApi(document: Record<string, unknown>): ReadTypes {
  const read: ReadTypes = { types: [], skipped: [], warnings: [] };
  const warn: Warn = (path, reason) => void read.warnings.push({ path, reason });
  for (const member of ["webhooks", "x-webhooks"]) {
    const webhooks = isObject(document[member]) ? document[member] : {};
    for (const [name, given] of Object.entries(webhooks))
      collect(read, typeOf(document, { name, given, at: `/${member}${pointerStep(name)}` }, warn));
  }
  if (read.types.length + read.skipped.length === 0) read.skipped.push(...withoutWebhooks(document));
  return read;
}

/** Why a document describes no event, for people who expected that it does. */
function withoutWebhooks({ paths }: Record<string, unknown>): ImportNotice[] {
  const requests = Object.entries(isObject(paths) ? paths : {}).flatMap(([path, item]) =>
    Object.entries(isObject(item) ? item : {}).map(([method, operation]) => ({ path, method, operation })),
  );
  const calling = requests.find(({ operation }) => isObject(operation) && isObject(operation["callbacks"]));
  if (calling)
    return [
      {
        path: `/paths${pointerStep(calling.path)}${pointerStep(calling.method)}/callbacks`,
        reason: "are answers to one request and no events that are subscribed to: describe these under `webhooks`",
      },
    ];
  return [
    { path: "/webhooks", reason: "holds nothing, and neither does `x-webhooks`: event types are read from there" },
  ];
}

function typeOf(
  document: unknown,
  webhook: { name: string; given: unknown; at: string },
  warn: Warn,
): ReadResult<DescribedType> {
  const item = follow(document, { value: webhook.given, at: webhook.at });
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
      names: [webhook.name, operation["operationId"]],
      places: [],
      extensions: [operation, path],
      deprecated: operation["deprecated"] === true,
      description: describing(operation["description"], operation["summary"], path["description"], path["summary"]),
      ...media.value,
    },
    warn,
  );
}

/** Schema and examples of the JSON request body. Empty when there is no body. */
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
  if (type === undefined || !isObject(media)) return fault(`${body.value.at}/content`, "needs a JSON media type");
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
