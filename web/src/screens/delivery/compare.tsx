/** Two attempts side by side: what differs is marked with a word. */
import { useState } from "react";
import { LOCALE, t } from "../../i18n/index.js";
import { piecesOf } from "../../parts/text/visible-text.js";
import { formatDuration, formatTime } from "../../time/format.js";
import { useZone } from "../../time/zone.js";
import scroll from "../../parts/rows/scroll-table.module.css";
import styles from "./compare.module.css";
import type { Attempt } from "./queries.js";

interface CompareProps {
  attempts: readonly Attempt[];
}

export function Compare({ attempts }: CompareProps) {
  const zone = useZone();
  const newest = attempts.length - 1;
  const [left, setLeft] = useState(Math.max(0, newest - 1));
  const [right, setRight] = useState(newest);
  const [all, setAll] = useState(false);
  const [a, b] = [attempts[left], attempts[right]];
  if (!a || !b) return null;
  const rows = comparedRows(a, b, (at) => formatTime(at, zone, LOCALE));
  const shown = rows.filter(({ values: [one, other] }) => all || one !== other);
  const choose = (label: string, chosen: number, set: (index: number) => void) => (
    <select aria-label={label} value={chosen} onChange={(event) => set(Number(event.target.value))}>
      {attempts.map((attempt, index) => (
        <option key={attempt.number} value={index}>
          {t("delivery.attempts.number", { number: attempt.number })}
        </option>
      ))}
    </select>
  );
  return (
    <div className={styles.compare}>
      <label className={styles.all}>
        <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />
        {t("delivery.compare.all")}
      </label>
      <div className={scroll.scroll} role="region" aria-label={t("delivery.compare.title")} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("delivery.compare.what")}</th>
              <th scope="col">{choose(t("delivery.compare.left"), left, setLeft)}</th>
              <th scope="col">{choose(t("delivery.compare.right"), right, setRight)}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ name, values: [one, other] }) => (
              <tr key={name} className={one === other ? undefined : styles.differs}>
                <th scope="row">
                  {name}
                  {one !== other && <span className={styles.mark}>{t("delivery.compare.differs")}</span>}
                </th>
                <td>{shownText(one)}</td>
                <td>{shownText(other)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p className="quiet">{t("delivery.compare.same")}</p>}
    </div>
  );
}

interface ComparedRow {
  name: string;
  values: [string, string];
}

/** Everything that the records of two attempts say, in the order of the exchange. */
export function comparedRows(a: Attempt, b: Attempt, timeOf: (at: string) => string): ComparedRow[] {
  const row = (name: string, of: (attempt: Attempt) => string | undefined): ComparedRow => ({
    name,
    values: [of(a) ?? "", of(b) ?? ""],
  });
  const headers = (side: "requestHeaders" | "responseHeaders", title: string): ComparedRow[] =>
    [...new Set([a, b].flatMap(({ detail }) => Object.keys(detail?.[side] ?? {})))]
      .sort()
      .map((name) => row(`${title} ${name}`, ({ detail }) => detail?.[side]?.[name]));
  return [
    row(t("delivery.compare.at"), ({ at }) => timeOf(at)),
    row(t("delivery.compare.outcome"), ({ outcome, explanation }) => explanation ?? outcome),
    row(t("delivery.compare.status"), ({ status }) => status?.toString()),
    row(t("delivery.compare.duration"), ({ durationMs }) => formatDuration(durationMs, LOCALE)),
    row(t("delivery.compare.url"), ({ detail }) => detail?.url),
    ...headers("requestHeaders", t("delivery.compare.request")),
    ...headers("responseHeaders", t("delivery.compare.answer")),
    row(t("delivery.compare.body"), ({ detail }) => detail?.responseBody),
  ];
}

/** A cell is no place for 16 KiB: the attempt itself shows all of it. */
const LONGEST = 600;

function shownText(text: string) {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
  return piecesOf(cut).map((piece, index) => (piece.hidden ? <em key={index}>{piece.text}</em> : piece.text));
}
