/**
 * Makes one text for a row, whatever the order of its fields. Each value has its type and its length in bytes before
 * it, so that no two rows give the same text. Fields that the driver does not write (`undefined`) are left out, as in
 * the database.
 */
import { Binary } from "mongodb";

/** The canonical text of a value as MongoDB's driver gives it back. */
export function canonicalOf(value: unknown): string {
  if (value === null || value === undefined) return "0:";
  if (typeof value === "string") return framed("s", value);
  if (typeof value === "number") return framed("n", String(value));
  if (typeof value === "boolean") return value ? "t:" : "f:";
  if (value instanceof Date) return framed("d", String(value.getTime()));
  if (value instanceof Binary) return framed("b", Buffer.from(value.value()).toString("base64"));
  if (value instanceof Uint8Array) return framed("b", Buffer.from(value).toString("base64"));
  if (Array.isArray(value)) return `a${value.length}:${value.map(canonicalOf).join("")}`;
  if (Object.getPrototypeOf(value) === Object.prototype) return canonicalObject(value as Record<string, unknown>);
  // No field of this service has such a type. A row with one was not written here, so two of them need not differ in
  // their text.
  return framed("x", JSON.stringify(value));
}

function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  const fields = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort();
  return `o${fields.length}:${fields.map((name) => framed("k", name) + canonicalOf(value[name])).join("")}`;
}

const framed = (type: string, text: string): string => `${type}${Buffer.byteLength(text)}:${text}`;
