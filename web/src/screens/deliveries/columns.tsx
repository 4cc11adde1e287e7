/** The columns of the list, which of them are shown, and the menu that chooses. */
import type { ReactNode } from "react";
import { useMemo, useState } from "react";
import { LOCALE, t } from "../../i18n/index.js";
import { Breakable } from "../../parts/breakable.js";
import { Outcome } from "../../parts/outcome.js";
import { Popup } from "../../parts/popup.js";
import { StatusText } from "../../parts/status-text.js";
import { formatDuration } from "../../time/format.js";
import { NextAttempt, TimeLink } from "./times.js";
import type { DeliverySummary } from "./queries.js";

/** What a row calls its endpoint and its group. */
export interface RowNames {
  endpoint: string;
  group: string;
}

export interface Column {
  key: string;
  title: () => string;
  numeric?: true;
  cell: (row: DeliverySummary, names: RowNames) => ReactNode;
}

const COLUMNS: readonly Column[] = [
  { key: "time", title: () => t("deliveries.column.time"), cell: (row) => <TimeLink row={row} /> },
  { key: "status", title: () => t("deliveries.column.status"), cell: (row) => <StatusText status={row.status} /> },
  { key: "type", title: () => t("deliveries.column.type"), cell: (row) => <Breakable text={row.eventType} /> },
  {
    key: "endpoint",
    title: () => t("deliveries.column.endpoint"),
    cell: (_row, { endpoint }) => <Breakable text={endpoint} />,
  },
  { key: "group", title: () => t("deliveries.column.group"), cell: (_row, { group }) => group },
  { key: "attempts", title: () => t("deliveries.column.attempts"), numeric: true, cell: (row) => row.attemptCount },
  {
    key: "answer",
    title: () => t("deliveries.column.answer"),
    cell: (row) => row.lastOutcome !== undefined && <Outcome outcome={row.lastOutcome} status={row.lastStatus} />,
  },
  {
    key: "duration",
    title: () => t("deliveries.column.duration"),
    numeric: true,
    cell: (row) => row.lastDurationMs !== undefined && formatDuration(row.lastDurationMs, LOCALE),
  },
  { key: "next", title: () => t("deliveries.column.next"), cell: (row) => <NextAttempt row={row} /> },
];

/** The way to the delivery is in the first column, so it stays. */
const FIXED = "time";
const STORED = "sealpost.columns.hidden";

export function useColumns(): { shown: readonly Column[]; toggle: (key: string) => void } {
  const [hidden, setHidden] = useState<readonly string[]>(localStorage.getItem(STORED)?.split(",") ?? []);
  const toggle = (key: string) => {
    const next = hidden.includes(key) ? hidden.filter((each) => each !== key) : [...hidden, key];
    localStorage.setItem(STORED, next.join(","));
    setHidden(next);
  };
  // The same as long as nothing changes: each row is drawn anew when they differ.
  const shown = useMemo(() => COLUMNS.filter(({ key }) => key === FIXED || !hidden.includes(key)), [hidden]);
  return { shown, toggle };
}

interface ColumnsMenuProps {
  shown: readonly Column[];
  toggle: (key: string) => void;
}

export function ColumnsMenu({ shown, toggle }: ColumnsMenuProps) {
  return (
    <Popup label={t("deliveries.columns")} atEnd>
      <fieldset>
        <legend className="unseen">{t("deliveries.columns")}</legend>
        {COLUMNS.filter(({ key }) => key !== FIXED).map(({ key, title }) => (
          <label key={key} className="row">
            <input type="checkbox" checked={shown.some((column) => column.key === key)} onChange={() => toggle(key)} />
            {title()}
          </label>
        ))}
      </fieldset>
    </Popup>
  );
}
