/** The columns of a list: the menu that chooses which are shown, and the head of the table. */
import { type ReactNode, useMemo, useState } from "react";
import { t } from "../../i18n/index.js";
import { Popup } from "../popup.js";
import { type ListColumn, shownOf, toggled } from "./hidden-columns.js";
import table from "./table.module.css";

export interface ShownColumns<Column extends ListColumn> {
  all: readonly Column[];
  shown: readonly Column[];
  toggle: (key: string) => void;
}

/** @param stored the name under which the browser remembers what is hidden */
export function useColumns<Column extends ListColumn>(all: readonly Column[], stored: string): ShownColumns<Column> {
  const [hidden, setHidden] = useState<readonly string[]>(() => localStorage.getItem(stored)?.split(",") ?? []);
  const toggle = (key: string) => {
    const next = toggled(hidden, key);
    localStorage.setItem(stored, next.join(","));
    setHidden(next);
  };
  // The same as long as nothing changes: each row is drawn anew when they differ.
  const shown = useMemo(() => shownOf(all, hidden), [all, hidden]);
  return { all, shown, toggle };
}

interface ColumnsMenuProps {
  columns: ShownColumns<ListColumn>;
  /** At the right edge of the page. */
  atEnd?: boolean;
}

export function ColumnsMenu({ columns: { all, shown, toggle }, atEnd = false }: ColumnsMenuProps) {
  return (
    <Popup label={t("deliveries.columns")} atEnd={atEnd}>
      <fieldset>
        <legend className="unseen">{t("deliveries.columns")}</legend>
        {all
          .filter(({ fixed }) => !fixed)
          .map(({ key, title }) => (
            <label key={key} className="row">
              <input
                type="checkbox"
                checked={shown.some((column) => column.key === key)}
                onChange={() => toggle(key)}
              />
              {title()}
            </label>
          ))}
      </fieldset>
    </Popup>
  );
}

interface ColumnHeadsProps {
  columns: readonly ListColumn[];
  /** The column of the boxes that select rows, by its name. */
  select?: string | undefined;
}

export function ColumnHeads({ columns, select }: ColumnHeadsProps) {
  return (
    <thead role="rowgroup">
      <tr role="row">
        {select !== undefined && (
          <th role="columnheader" scope="col" className={table.check}>
            <span className="unseen">{select}</span>
          </th>
        )}
        {columns.map(({ key, title, numeric }) => (
          <th key={key} role="columnheader" scope="col" className={numeric ? table.number : undefined}>
            {title()}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** One cell. On a narrow screen its column's title stands beside it. */
export function ColumnCell({ column: { title, numeric }, children }: { column: ListColumn; children: ReactNode }) {
  return (
    <td role="cell" data-label={title()} className={numeric ? table.number : undefined}>
      {children}
    </td>
  );
}

/** A column that says what stands in its cells. */
export interface CellColumn<Row> extends ListColumn {
  cell: (row: Row) => ReactNode;
}

interface ColumnTableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly CellColumn<Row>[];
  keyOf: (row: Row) => string;
  busy: boolean;
}

export function ColumnTable<Row>({ label, rows, columns, keyOf, busy }: ColumnTableProps<Row>) {
  return (
    <div className={table.wide}>
      <table className={table.table} role="table" aria-label={label} aria-busy={busy}>
        <ColumnHeads columns={columns} />
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map((column) => (
                <ColumnCell key={column.key} column={column}>
                  {column.cell(row)}
                </ColumnCell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
