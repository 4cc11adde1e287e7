/** What an import changes of each event type, and a mark by which it is known whether that is still so. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { EventType } from "../../../store/model.js";
import { deprecationView } from "../event-type-view.js";
import { eventTypeView } from "../schemas.js";
import type { ImportPlan } from "./plan.js";

/** What a document decides of a type. */
const DECIDED = ["description", "schema", "examples", "validation", "deprecation"] as const;

const decided = eventTypeView
  .pick({ description: true, schema: true, examples: true, validation: true, deprecation: true })
  .partial();

export const importDifference = z.object({
  name: z.string(),
  fields: z.array(z.enum(DECIDED)).meta({ description: "What differs" }),
  before: decided.optional().meta({ description: "These fields as they are. Absent for a new type" }),
  after: decided.optional().meta({ description: "These fields as they would be" }),
});
type ImportDifference = z.input<typeof importDifference>;
type Decided = z.input<typeof decided>;

/** So many characters of content are told in one answer, as JSON. A whole document may have 16 MiB of schemas. */
const MOST_CHARACTERS = 1024 * 1024;

const decidedBy = ({ description, schema, examples, validation = "off", deprecation }: EventType): Decided => ({
  ...(description !== undefined && { description }),
  ...(schema && { schema }),
  ...(examples && { examples }),
  validation,
  ...(deprecation && { deprecation: deprecationView(deprecation) }),
});

function difference(name: string, before: Decided, after: Decided): Required<ImportDifference> {
  const fields = DECIDED.filter((field) => !isDeepStrictEqual(before[field], after[field]));
  const only = (of: Decided): Decided =>
    Object.fromEntries(fields.flatMap((field) => (of[field] === undefined ? [] : [[field, of[field]]])));
  return { name, fields, before: only(before), after: only(after) };
}

/**
 * One for each type that is created or changed, in this order. The content is left out once the answer has enough of
 * it. The names of the fields are always there.
 */
export function importDifferences({ created, changed }: Pick<ImportPlan, "created" | "changed">): ImportDifference[] {
  let left = MOST_CHARACTERS;
  const bounded = ({ name, fields, ...content }: ImportDifference): ImportDifference => {
    left -= JSON.stringify(content).length;
    return { name, fields, ...(left >= 0 && content) };
  };
  return [
    ...created.map((after) => {
      const { before: _none, ...rest } = difference(after.name, { validation: "off" }, decidedBy(after));
      return bounded(rest);
    }),
    ...changed.map(({ before, after }) => bounded(difference(after.name, decidedBy(before), decidedBy(after)))),
  ];
}

/** Another one if an event type was created, changed or deleted since, so that the import would do something else. */
export function markOf({ created, changed, unchanged }: ImportPlan): string {
  const done = [
    created.map(({ name }) => name),
    changed.map(({ before }) => [before.name, before.updatedAt.getTime()]),
    unchanged,
  ];
  return createHash("sha256").update(JSON.stringify(done)).digest("base64url");
}
