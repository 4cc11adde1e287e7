/** The columns of the list of recoveries. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { LOCALE, t } from "../../i18n/index.js";
import { ActorNames } from "../../parts/actor-names.js";
import type { Recovery } from "../../parts/recovery/model.js";
import { ProgressBar, speedText, timeLeftText } from "../../parts/recovery/progress.js";
import { RecoveryStatusText } from "../../parts/recovery/recovery-text.js";
import { type ShownColumns, useColumns } from "../../parts/rows/columns.js";
import type { ListColumn } from "../../parts/rows/hidden-columns.js";
import { TimeText } from "../../parts/time-text.js";
import { keptSearch } from "../../search-parameters.js";
import { numberFormat } from "../../time/formatters.js";
import styles from "./recoveries.module.css";

export interface ListedRecovery {
  row: Recovery;
  /** Its filter in words. */
  what: string;
  /** Who looks has asked for it. */
  isOwn: boolean;
}

export interface RecoveryColumn extends ListColumn {
  cell: (listed: ListedRecovery) => ReactNode;
}

const COLUMNS: readonly RecoveryColumn[] = [
  {
    key: "what",
    title: () => t("recoveries.column.what"),
    fixed: true,
    cell: ({ row: { id }, what }) => (
      <Link to="/recoveries/$id" params={{ id }} search={keptSearch} preload={false}>
        {what}
      </Link>
    ),
  },
  {
    key: "status",
    title: () => t("recoveries.column.status"),
    cell: ({ row: { status } }) => (
      <span>
        <RecoveryStatusText status={status} />
      </span>
    ),
  },
  { key: "progress", title: () => t("recoveries.column.progress"), cell: ({ row }) => <ProgressBar recovery={row} /> },
  {
    key: "delivered",
    title: () => t("recoveries.column.delivered"),
    cell: ({ row: { progress } }) => numberFormat(LOCALE).format(progress.delivered),
  },
  {
    key: "failedAgain",
    title: () => t("recoveries.column.failedAgain"),
    cell: ({ row: { progress } }) => numberFormat(LOCALE).format(progress.failedAgain),
  },
  { key: "speed", title: () => t("recoveries.column.speed"), cell: ({ row }) => speedText(row) },
  { key: "left", title: () => t("recoveries.column.left"), cell: ({ row }) => timeLeftText(row) },
  {
    key: "by",
    title: () => t("recoveries.column.by"),
    cell: ({ row: { createdBy, createdByName, createdAt }, isOwn }) => (
      <span className={styles.by}>
        {isOwn ? t("recoveries.you") : <ActorNames actors={[{ id: createdBy, name: createdByName }]} />}{" "}
        <TimeText at={createdAt} />
      </span>
    ),
  },
];

export const useRecoveryColumns = (): ShownColumns<RecoveryColumn> =>
  useColumns(COLUMNS, "sealpost.recoveries.columns.hidden");
