/** Event types that can be subscribed to, a row each. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { apisQuery } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Breakable } from "../../parts/breakable.js";
import { ColumnCell, ColumnHeads, type ShownColumns, useColumns } from "../../parts/rows/columns.js";
import type { ListColumn } from "../../parts/rows/hidden-columns.js";
import table from "../../parts/rows/table.module.css";
import styles from "./catalogue.module.css";
import type { EventType } from "./queries.js";

interface EventTypeColumn extends ListColumn {
  cell: (row: EventType) => ReactNode;
}

const COLUMNS: readonly EventTypeColumn[] = [
  { key: "type", title: () => t("catalogue.column.type"), fixed: true, cell: (row) => <TypeName type={row} /> },
  { key: "api", title: () => t("catalogue.column.api"), cell: ({ apiId }) => <ApiName id={apiId} /> },
  { key: "description", title: () => t("catalogue.column.description"), cell: ({ description }) => description },
  { key: "version", title: () => t("catalogue.column.version"), cell: ({ version }) => version },
];

export const useEventTypeColumns = (): ShownColumns<EventTypeColumn> =>
  useColumns(COLUMNS, "sealpost.catalogue.columns.hidden");

interface EventTypeTableProps {
  rows: readonly EventType[];
  columns: readonly EventTypeColumn[];
  busy: boolean;
}

export function EventTypeTable({ rows, columns, busy }: EventTypeTableProps) {
  return (
    <table className={table.table} role="table" aria-label={t("settings.eventTypes")} aria-busy={busy}>
      <ColumnHeads columns={columns} />
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" key={row.name}>
            {columns.map((column) => (
              <ColumnCell key={column.key} column={column}>
                {column.cell(row)}
              </ColumnCell>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TypeName({ type: { name, deprecation } }: { type: EventType }) {
  return (
    <span>
      <Link to="/catalogue/$name" params={{ name }} preload={false}>
        <Breakable text={name} />
      </Link>
      {deprecation && <span className={styles.deprecated}> {t("catalogue.deprecated")}</span>}
    </span>
  );
}

function ApiName({ id }: { id: string }) {
  const { data: apis } = useQuery(apisQuery);
  return apis?.data.find((each) => each.id === id)?.name ?? id;
}
