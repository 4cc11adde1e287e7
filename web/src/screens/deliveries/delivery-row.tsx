/** One delivery in the list. */
import { memo } from "react";
import { t } from "../../i18n/index.js";
import type { Column } from "./columns.js";
import type { Names } from "../../parts/names.js";
import type { DeliverySummary } from "./queries.js";
import type { Selection } from "./acts/selection.js";
import styles from "./delivery-table.module.css";

interface DeliveryRowProps {
  row: DeliverySummary;
  columns: readonly Column[];
  names: Names;
  selection: Selection | undefined;
}

export const DeliveryRow = memo(function DeliveryRow({ row, columns, names, selection }: DeliveryRowProps) {
  const selected = selection !== undefined && (selection.everything || selection.ids.has(row.id));
  return (
    <tr role="row" data-selected={selected || undefined}>
      {selection && (
        <td role="cell" className={styles.check}>
          <label>
            <span className="unseen">{t("deliveries.selectRow", { type: row.eventType, id: row.id })}</span>
            <input type="checkbox" checked={selected} onChange={() => selection.toggle(row.id)} />
          </label>
        </td>
      )}
      {columns.map(({ key, title, numeric, cell }) => (
        <td key={key} role="cell" data-label={title()} className={numeric ? styles.number : undefined}>
          {cell(row, names)}
        </td>
      ))}
    </tr>
  );
});
