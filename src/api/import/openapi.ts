/** Event types out of the `webhooks` of an OpenAPI 3.1 document. */
import { isObject, pointerStep } from "../../activities/json-schema.js";
import { collected, type DescribedType, describedType, describing, EXTENSION } from "./described-type.js";
import { bundle, fault, follow, type Outcome } from "./references.js";

const JSON_CONTENT = /^application\/(json|[a-z0-9.+-]+\+json)\b/i;

/** The document has been checked against the schema of OpenAPI 3.1. */
export function typesOfOpenApi(document: Record<string, unknown>): Outcome<DescribedType[]> {
  const webhooks = isObject(document["webhooks"]) ? document["webhooks"] : {};
  return collected(Object.entries(webhooks).map(([name, given]) => typeOf(document, name, given)));
}

function typeOf(document: unknown, webhook: string, given: unknown): Outcome<DescribedType> {
  const item = follow(document, { value: given, at: `/webhooks${pointerStep(webhook)}` });
  if (!item.ok) return item;
  const { at } = item.value;
  const path = isObject(item.value.value) ? item.value.value : {};
  const operation = path["post"];
  if (!isObject(operation)) return fault(at, "needs the method post, by which events are delivered");
  const media = mediaOf(document, operation["requestBody"], `${at}/post/requestBody`);
  if (!media.ok) return media;
  const { schema, examples } = media.value;
  return describedType(at, {
    name: operation[EXTENSION.eventType] ?? path[EXTENSION.eventType] ?? webhook,
    description: describing(operation["description"], operation["summary"], path["description"], path["summary"]),
    ...(schema && { schema }), ...(examples.length > 0 && { examples }),
  }, operation, operation["deprecated"] === true);
}

/** Schema and examples of the JSON request body; nothing of them where there is no body. */
function mediaOf(document: unknown, given: unknown, at: string): Outcome<{ schema?: Record<string, unknown>; examples: unknown[] }> {
  if (given === undefined) return { ok: true, value: { examples: [] } };
  const body = follow(document, { value: given, at });
  if (!body.ok) return body;
  const content = isObject(body.value.value) && isObject(body.value.value["content"]) ? body.value.value["content"] : {};
  const [type, media] = Object.entries(content).find(([name]) => JSON_CONTENT.test(name)) ?? [];
  if (type === undefined || !isObject(media)) return fault(`${body.value.at}/content`, "needs a JSON media type");
  const schema = media["schema"] === undefined ? undefined : bundle(document, { value: media["schema"], at: `${body.value.at}/content${pointerStep(type)}/schema` }, (each) => each);
  if (schema && !schema.ok) return schema;
  const named = Object.values(isObject(media["examples"]) ? media["examples"] : {}).map((example) => follow(document, { value: example, at }));
  const examples = named.flatMap((example) => (example.ok && isObject(example.value.value) && "value" in example.value.value ? [example.value.value["value"]] : []));
  return { ok: true, value: { ...(schema && { schema: schema.value }), examples: [...("example" in media ? [media["example"]] : []), ...examples].slice(0, 10) } };
}
