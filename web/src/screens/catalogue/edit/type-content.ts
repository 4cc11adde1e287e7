/** What a provider says about an event type, and in what two states of it differ. */
import type { Schemas } from "../../../api/client.js";

type EventType = Schemas["EventType"];
export type TypeContent = Partial<
  Pick<EventType, "description" | "schema" | "examples" | "validation" | "deprecation">
>;
export type TypeField = keyof TypeContent;

export const TYPE_FIELDS = [
  "description",
  "schema",
  "examples",
  "validation",
  "deprecation",
] as const satisfies readonly TypeField[];

export const contentOf = ({ description, schema, examples, validation, deprecation }: EventType): TypeContent => ({
  ...(description !== undefined && { description }),
  ...(schema && { schema }),
  ...(examples && { examples }),
  validation,
  ...(deprecation && { deprecation }),
});

/** Two instants that are the same to the second count as the same, because a form knows no more of them. */
const textOf = (content: TypeContent, field: TypeField): string =>
  JSON.stringify(content[field] ?? null).replaceAll(/(T\d\d:\d\d:\d\d)\.\d{3}Z"/g, '$1Z"');

export const differingFields = (before: TypeContent, after: TypeContent): TypeField[] =>
  TYPE_FIELDS.filter((field) => textOf(before, field) !== textOf(after, field));
