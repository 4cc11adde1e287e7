/** How many rows a list has with its filters, or that there are more than were counted. */
import type { Schemas } from "../api/client.js";
import { numberOf } from "../i18n/number.js";

interface CountedProps {
  /** Undefined until it is known. */
  counted: Schemas["Count"] | undefined;
  words: (isAtLeast: boolean, values: { count: number; number: string }) => string;
}

export function Counted({ counted, words }: CountedProps) {
  return (
    <span className="quiet" role="status">
      {counted && words(counted.atLeast, { count: counted.count, number: numberOf(counted.count) })}
    </span>
  );
}
