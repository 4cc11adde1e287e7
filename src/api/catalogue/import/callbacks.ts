/**
 * The `callbacks` of an OpenAPI document: requests that go to an address which a caller gave with its own request.
 * Many documents describe their webhooks so, above all those of OpenAPI 3.0, which has no `webhooks`.
 */
import { isObject, pointerStep } from "../../../catalogue/json-schema.js";
import type { FieldError } from "../../http/errors.js";
import { follow, type Located } from "./references.js";

export interface Callback {
  /** The path item behind one expression. */
  item: Located;
  key: string;
  /** No other callback of the document has this key, so that it can name an event type. */
  isOnly: boolean;
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/** Each once, though several operations may refer to it. `lost` are the references that lead nowhere. */
export function callbacksOf(document: Record<string, unknown>): { callbacks: Callback[]; lost: FieldError[] } {
  const lost: FieldError[] = [];
  const found = new Map<string, { item: Located; key: string }>();
  for (const callbacks of operationsOf(document).map(({ value, at }) => membersOf(value, "callbacks", at)))
    for (const { name: key, located } of callbacks) {
      const callback = follow(document, located);
      if (!callback.ok) lost.push(...callback.errors);
      if (!callback.ok || !isObject(callback.value.value)) continue;
      for (const [expression, value] of Object.entries(callback.value.value)) {
        const at = `${callback.value.at}${pointerStep(expression)}`;
        if (!expression.startsWith("x-") && !found.has(at)) found.set(at, { item: { value, at }, key });
      }
    }
  const all = [...found.values()];
  const times = new Map<string, number>();
  for (const { key } of all) times.set(key, (times.get(key) ?? 0) + 1);
  return { callbacks: all.map((each) => ({ ...each, isOnly: times.get(each.key) === 1 })), lost };
}

/** The operations of all paths. */
function operationsOf(document: Record<string, unknown>): Located[] {
  return membersOf(document, "paths", "").flatMap(({ located }) => {
    const item = follow(document, located);
    if (!item.ok || !isObject(item.value.value)) return [];
    const { value, at } = item.value;
    return METHODS.flatMap((method) => {
      const operation = value[method];
      return isObject(operation) ? [{ value: operation, at: `${at}/${method}` }] : [];
    });
  });
}

function membersOf(value: unknown, member: string, at: string): { name: string; located: Located }[] {
  const inner = isObject(value) ? value[member] : undefined;
  return Object.entries(isObject(inner) ? inner : {}).map(([name, each]) => ({
    name,
    located: { value: each, at: `${at}/${member}${pointerStep(name)}` },
  }));
}
