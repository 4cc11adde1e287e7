/** The columns of the list of deliveries. */
import type { ReactNode } from "react";
import { LOCALE, t } from "../../i18n/index.js";
import { Breakable } from "../../parts/breakable.js";
import { Outcome } from "../../parts/outcome.js";
import { type ShownColumns, useColumns } from "../../parts/rows/columns.js";
import type { ListColumn } from "../../parts/rows/hidden-columns.js";
import { StatusText } from "../../parts/status-text.js";
import { formatDuration } from "../../time/format.js";
import { NextAttempt, TimeLink } from "./times.js";
import type { DeliverySummary } from "./queries.js";

/** What a row calls its endpoint and its group. */
export interface RowNames {
  endpoint: string;
  group: string;
}

export interface DeliveryColumn extends ListColumn {
  cell: (row: DeliverySummary, names: RowNames) => ReactNode;
}

const COLUMNS: readonly DeliveryColumn[] = [
  { key: "time", title: () => t("deliveries.column.time"), fixed: true, cell: (row) => <TimeLink row={row} /> },
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

/** Their choice is older than those of the other lists, so its name is short. */
export const useDeliveryColumns = (): ShownColumns<DeliveryColumn> => useColumns(COLUMNS, "sealpost.columns.hidden");
