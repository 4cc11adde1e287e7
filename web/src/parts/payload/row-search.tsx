/** The search in the rows of a text. */
import { type ReactNode, useMemo, useState } from "react";
import { t } from "../../i18n/index.js";
import type { FoundRow } from "../text/text-viewer.js";
import styles from "./payload.module.css";

/** Finds the rows that hold a text, one after another. */
export function useRowSearch(
  rows: readonly string[],
  looks: () => void,
): { form: ReactNode; found: FoundRow | undefined } {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const hits = useMemo(() => {
    const wanted = text.toLowerCase();
    return wanted === "" ? [] : rows.flatMap((row, index) => (row.toLowerCase().includes(wanted) ? [index] : []));
  }, [rows, text]);
  const current = hits.length === 0 ? undefined : at % hits.length;
  const found = useMemo(() => {
    const row = hits.length === 0 ? undefined : hits[at % hits.length];
    return row === undefined ? undefined : { row };
  }, [hits, at]);
  const form = (
    <form
      role="search"
      aria-label={t("payload.search")}
      className={styles.search}
      onSubmit={(event) => {
        event.preventDefault();
        looks();
        setAt((before) => before + 1);
      }}
    >
      <input
        type="search"
        aria-label={t("payload.search")}
        placeholder={t("payload.search")}
        value={text}
        onChange={(event) => {
          looks();
          setText(event.target.value);
          setAt(0);
        }}
      />
      <span role="status" className="quiet">
        {text !== "" &&
          (current === undefined
            ? t("payload.notFound")
            : t("payload.found", { number: current + 1, count: hits.length }))}
      </span>
    </form>
  );
  return { form, found };
}
