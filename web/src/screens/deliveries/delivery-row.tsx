/** One delivery in the list. It is drawn anew only if what it shows has changed. A live list changes every second. */
import { memo } from "react";
import { t } from "../../i18n/index.js";
import { ColumnCell } from "../../parts/rows/columns.js";
import type { DeliveryColumn } from "./columns.js";
import type { DeliverySummary } from "./queries.js";
import styles from "../../parts/rows/table.module.css";

interface DeliveryRowProps {
  row: DeliverySummary;
  columns: readonly DeliveryColumn[];
  endpoint: string;
  group: string;
  /** Undefined for who may only read. */
  selected: boolean | undefined;
  toggle: ((id: string) => void) | undefined;
}

export const DeliveryRow = memo(function DeliveryRow(props: DeliveryRowProps) {
  const { row, columns, endpoint, group, selected, toggle } = props;
  return (
    <tr role="row" data-selected={selected || undefined}>
      {toggle && (
        <td role="cell" className={styles.check}>
          <label>
            <span className="unseen">{t("deliveries.selectRow", { type: row.eventType, id: row.id })}</span>
            <input type="checkbox" checked={selected ?? false} onChange={() => toggle(row.id)} />
          </label>
        </td>
      )}
      {columns.map((column) => (
        <ColumnCell key={column.key} column={column}>
          {column.cell(row, { endpoint, group })}
        </ColumnCell>
      ))}
    </tr>
  );
});
