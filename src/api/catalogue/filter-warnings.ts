/** Finds filters that are allowed but probably wrong: they use a name that no payload has. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { compileFilter, placeIn } from "../../catalogue/filter.js";
import { fieldName, knowsField } from "../../catalogue/filter-fields.js";

const MAX_WARNINGS = 20;

/**
 * One sentence for each member of `data` that the filter uses and that some of these event types do not have. A missing
 * member does not match. So with a misspelt name nothing is delivered and nothing fails. Types without schema and
 * examples are left out.
 */
export function filterWarnings(
  catalogue: Pick<Catalogue, "eventType">,
  text: string | undefined,
  eventTypes: readonly string[],
): string[] {
  const compiled = text === undefined ? undefined : compileFilter(text);
  if (text === undefined || !compiled?.ok) return [];
  const types = eventTypes.flatMap((name) => catalogue.eventType(name) ?? []);
  return compiled.fields
    .flatMap((field) => {
      const unknown = types.filter((type) => !knowsField(type, field)).map(({ name }) => name);
      if (unknown.length === 0) return [];
      const { line, column, reason } = placeIn(text, field.offset, fieldName(field.path));
      return [
        `filter, line ${line}, column ${column}: ${reason} is in neither the schema nor the examples ` +
          `of ${listed(unknown)}. Where it is missing the filter does not match. Correct the name, or ` +
          "add it to the schema.",
      ];
    })
    .slice(0, MAX_WARNINGS);
}

const SHOWN = 3;
const listed = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(", ") : `${names.slice(0, SHOWN).join(", ")} and ${names.length - SHOWN} more`;
