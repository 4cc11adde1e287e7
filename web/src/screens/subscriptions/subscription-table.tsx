/** The rows. On a narrow screen each is a card. The answer of the list has all that they show. */
import { useRef } from "react";
import { t } from "../../i18n/index.js";
import { useKeys } from "../../keys/keys.js";
import { endpointName, type Names, useNames } from "../../parts/names.js";
import { ColumnCell, ColumnHeads } from "../../parts/rows/columns.js";
import table from "../../parts/rows/table.module.css";
import type { ListedSubscription, SubscriptionColumn } from "./columns.js";

interface SubscriptionTableProps {
  rows: readonly ListedSubscription[];
  busy: boolean;
  columns: readonly SubscriptionColumn[];
  /** For who may act on many. */
  selection: RowSelection | undefined;
}

export interface RowSelection {
  ids: ReadonlySet<string>;
  toggle: (id: string) => void;
}

export function SubscriptionTable({ rows, busy, columns, selection }: SubscriptionTableProps) {
  const names = useNames([]);
  const body = useRef<HTMLTableSectionElement>(null);
  const move = (step: number) => {
    const links = [...(body.current?.querySelectorAll<HTMLElement>("[data-row-link]") ?? [])];
    const at = links.findIndex((link) => link.closest("tr")?.contains(document.activeElement));
    links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
  };
  useKeys({ j: () => move(1), k: () => move(-1) });
  return (
    <div className={table.wide}>
      <table className={table.table} role="table" aria-label={t("nav.subscriptions")} aria-busy={busy}>
        <ColumnHeads columns={columns} select={selection && t("bulk.select")} />
        <tbody role="rowgroup" ref={body}>
          {rows.map((row) => (
            <Row key={row.id} row={row} names={names} columns={columns} selection={selection} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  row: ListedSubscription;
  names: Names;
  columns: readonly SubscriptionColumn[];
  selection: RowSelection | undefined;
}

function Row({ row, names, columns, selection }: RowProps) {
  return (
    <tr role="row" data-selected={selection?.ids.has(row.id) || undefined}>
      {selection && (
        <td role="cell" className={table.check}>
          <label>
            <span className="unseen">{t("bulk.selectRow", { name: endpointName(row) })}</span>
            <input type="checkbox" checked={selection.ids.has(row.id)} onChange={() => selection.toggle(row.id)} />
          </label>
        </td>
      )}
      {columns.map((column) => (
        <ColumnCell key={column.key} column={column}>
          {column.cell(row, names)}
        </ColumnCell>
      ))}
    </tr>
  );
}
