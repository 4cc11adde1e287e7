/** An event type as the fields of a form have it, and the change that they come to. */
import type { Schemas } from "../../../api/client.js";
import type { FormDraft } from "../../../parts/draft.js";
import { contentOf, differingFields, type TypeContent, type TypeField } from "./type-content.js";

export type EventTypeChange = Schemas["EventTypeChange"];

/** Schema and examples are JSON as it was typed. Times are instants. Empty means that there is none. */
export interface TypeForm {
  description: string;
  schema: string;
  examples: string[];
  validation: NonNullable<TypeContent["validation"]>;
  deprecatedAt: string;
  sunsetAt: string;
  replacedBy: string;
  note: string;
}

/** What is typed, and from which state of the event type it began. */
export type TypeDraft = FormDraft<TypeForm>;

const written = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value, undefined, 2));

export function typeFormOf(type: Schemas["EventType"]): TypeForm {
  const { description, schema, examples = [], validation = "off", deprecation } = contentOf(type);
  return {
    description: description ?? "",
    schema: written(schema),
    examples: examples.map(written),
    validation,
    deprecatedAt: deprecation?.at ?? "",
    sunsetAt: deprecation?.sunsetAt ?? "",
    replacedBy: deprecation?.replacedBy ?? "",
    note: deprecation?.note ?? "",
  };
}

/** Where text stops being JSON, as far as the browser says. */
export interface JsonPlace {
  line: number;
  column: number;
}

export type TypeFault =
  { field: "schema"; fault: "json" | "object"; at?: JsonPlace } | { field: "examples"; index: number; at?: JsonPlace };
export type ReadType = { ok: true; content: TypeContent } | { ok: false; faults: TypeFault[] };

type Parsed = { ok: true; value: unknown } | { ok: false; at?: JsonPlace };

function parsed(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    const at = placeIn(text, String(error));
    return { ok: false, ...(at && { at }) };
  }
}

/** Browsers say it in their own words: by the position, or by line and column. */
function placeIn(text: string, said: string): JsonPlace | undefined {
  const [, position] = /at position (\d+)/.exec(said) ?? [];
  if (position !== undefined) {
    const before = text.slice(0, Number(position)).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
  const [, line, column] = /line (\d+) column (\d+)/.exec(said) ?? [];
  return line === undefined ? undefined : { line: Number(line), column: Number(column) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the form says, when its JSON can be read. An example without text is left out. */
export function readTypeForm(form: TypeForm): ReadType {
  const faults: TypeFault[] = [];
  const schema = form.schema.trim() === "" ? undefined : parsed(form.schema);
  if (schema && !schema.ok) faults.push({ field: "schema", fault: "json", ...(schema.at && { at: schema.at }) });
  if (schema?.ok && !isRecord(schema.value)) faults.push({ field: "schema", fault: "object" });
  const examples = form.examples.flatMap((text, index) => {
    if (text.trim() === "") return [];
    const example = parsed(text);
    if (!example.ok) faults.push({ field: "examples", index, ...(example.at && { at: example.at }) });
    return example.ok ? [example.value] : [];
  });
  if (faults.length > 0) return { ok: false, faults };
  const [description, deprecation] = [form.description.trim(), deprecationIn(form)];
  return {
    ok: true,
    content: {
      ...(description !== "" && { description }),
      ...(schema?.ok && isRecord(schema.value) && { schema: schema.value }),
      ...(examples.length > 0 && { examples }),
      validation: form.validation,
      ...(deprecation && { deprecation }),
    },
  };
}

function deprecationIn({ deprecatedAt, sunsetAt, replacedBy, note }: TypeForm): TypeContent["deprecation"] {
  if (deprecatedAt === "") return undefined;
  return {
    at: deprecatedAt,
    ...(sunsetAt !== "" && { sunsetAt }),
    ...(replacedBy.trim() !== "" && { replacedBy: replacedBy.trim() }),
    ...(note.trim() !== "" && { note: note.trim() }),
  };
}

/** Only what differs: what others change meanwhile in other fields stays. Null takes a field away. */
export function typeChange(before: TypeContent, after: TypeContent): EventTypeChange {
  const fields = new Set(differingFields(before, after));
  return {
    ...(fields.has("description") && { description: after.description ?? null }),
    ...(fields.has("schema") && { schema: after.schema ?? null }),
    ...(fields.has("examples") && { examples: after.examples ?? null }),
    ...(fields.has("validation") && { validation: after.validation ?? "off" }),
    ...(fields.has("deprecation") && { deprecation: after.deprecation ?? null }),
  };
}

/** The parts of the form that belong to one field of the event type. */
const PARTS: Readonly<Record<TypeField, readonly (keyof TypeForm)[]>> = {
  description: ["description"],
  schema: ["schema"],
  examples: ["examples"],
  validation: ["validation"],
  deprecation: ["deprecatedAt", "sunsetAt", "replacedBy", "note"],
};

/** What was typed, on top of what somebody else has saved meanwhile. */
export function rebasedType({ base, form }: TypeDraft, latest: TypeForm, etag: string | undefined): TypeDraft {
  const isMine = (parts: readonly (keyof TypeForm)[]): boolean =>
    parts.some((part) => JSON.stringify(form[part]) !== JSON.stringify(base[part]));
  const mine = Object.values(PARTS).filter(isMine).flat();
  return { base: latest, form: { ...latest, ...Object.fromEntries(mine.map((part) => [part, form[part]])) }, etag };
}
