/** What the API refuses of JSON that is being typed. Each fault leads to its line, and selects it. */
import { t } from "../../i18n/index.js";
import { placesIn } from "./json-places.js";

interface TypedFaultsProps {
  /** Paths of the API: `before`, and then a JSON pointer into the text. */
  faults: readonly { path: string; message: string }[];
  before: string;
  /** The id of the field in which it is typed. */
  field: string;
  text: string;
}

export function TypedFaults({ faults, before, field, text }: TypedFaultsProps) {
  const pointers = faults.map(({ path }) => path.slice(before.length));
  const places = placesIn(text, pointers);
  return (
    <ul>
      {faults.map(({ path, message }, index) => {
        const line = lineAt(text, places.get(pointers[index] ?? "") ?? 0);
        return (
          <li key={`${path} ${message}`}>
            <a
              href={`#${field}`}
              onClick={(event) => {
                event.preventDefault();
                select(field, line);
              }}
            >
              {t("faults.line", { number: line.number })}
            </a>
            {": "}
            <code>{path}</code> {message}
          </li>
        );
      })}
    </ul>
  );
}

interface Line {
  /** From 1. */
  number: number;
  from: number;
  to: number;
}

function lineAt(text: string, at: number): Line {
  const end = text.indexOf("\n", at);
  return {
    number: text.slice(0, at).split("\n").length,
    from: text.lastIndexOf("\n", at - 1) + 1,
    to: end === -1 ? text.length : end,
  };
}

function select(id: string, { from, to }: Line): void {
  const field = document.getElementById(id);
  if (!(field instanceof HTMLTextAreaElement)) return;
  field.focus();
  // A browser brings the place of the cursor into sight, and not a selection that is made afterwards.
  field.setSelectionRange(from, from);
  field.blur();
  field.focus();
  field.setSelectionRange(from, to);
}
