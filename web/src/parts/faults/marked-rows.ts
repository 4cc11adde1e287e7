/** Which rows of a shown payload a schema finds fault with. */
import { t } from "../../i18n/index.js";
import { rowsAt } from "../text/visible-text.js";
import { placesIn } from "./json-places.js";
import type { PayloadFault } from "./queries.js";

/** A fault, and the row in which it stands. */
export interface PlacedFault extends PayloadFault {
  row: number;
}

/** The schema is of the `data` of a CloudEvent in structured mode. So pointers begin there. */
const STRUCTURED = /^application\/cloudevents\+json[ \t]*(?:;|$)/i;
const baseOf = (contentType: string): string => (STRUCTURED.test(contentType) ? "/data" : "");

/** @param rows of this text */
export function placeFaults(
  { text, rows, contentType }: { text: string; rows: readonly string[]; contentType: string },
  faults: readonly PayloadFault[],
): PlacedFault[] {
  const base = baseOf(contentType);
  const pointers = faults.map(({ path }) => base + path);
  const places = placesIn(text, pointers);
  const found = rowsAt(
    text,
    rows,
    pointers.map((pointer) => places.get(pointer) ?? 0),
  );
  return faults.map((fault, index) => ({ ...fault, row: found[index] ?? 0 }));
}

/** What is said beside each row. */
export function marksOf(faults: readonly PlacedFault[]): ReadonlyMap<number, string> {
  const marks = new Map<number, string>();
  for (const fault of faults) {
    const before = marks.get(fault.row);
    marks.set(fault.row, before === undefined ? sentenceOf(fault) : `${before} ${sentenceOf(fault)}`);
  }
  return marks;
}

/** "/amount must be number". */
export const sentenceOf = ({ path, message }: PayloadFault): string =>
  t("faults.sentence", { path: path === "" ? t("faults.whole") : path, message });
