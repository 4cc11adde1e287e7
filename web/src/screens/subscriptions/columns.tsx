/** The columns of the list of subscriptions. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client.js";
import { LOCALE, t } from "../../i18n/index.js";
import { Breakable } from "../../parts/breakable.js";
import { formatFigure } from "../../parts/chart/figures.js";
import { endpointName, type Names } from "../../parts/names.js";
import { type ShownColumns, useColumns } from "../../parts/rows/columns.js";
import type { ListColumn } from "../../parts/rows/hidden-columns.js";
import { CertificateEnd } from "../../parts/subscription/certificate-end.js";
import type { Subscription } from "../../parts/subscription/model.js";
import { HealthText, SubscriptionStatusText } from "../../parts/subscription/state-text.js";
import { TechniqueList } from "../../parts/subscription/technique-list.js";
import { keptSearch } from "../../search-parameters.js";
import { DayCell } from "./day-cell.js";
import styles from "./subscriptions.module.css";

export type ListedSubscription = Schemas["ListedSubscription"];

export interface SubscriptionColumn extends ListColumn {
  cell: (row: ListedSubscription, names: Names) => ReactNode;
}

const COLUMNS: readonly SubscriptionColumn[] = [
  { key: "name", title: () => t("subscriptions.column.name"), fixed: true, cell: (row) => <NameLink row={row} /> },
  { key: "group", title: () => t("subscriptions.column.group"), cell: ({ groupId }, names) => names.group(groupId) },
  {
    key: "status",
    title: () => t("subscriptions.column.status"),
    cell: (row) => (
      <span>
        <SubscriptionStatusText subscription={row} />
      </span>
    ),
  },
  {
    key: "health",
    title: () => t("subscriptions.column.health"),
    cell: ({ health, stats }) => (
      <span>
        <HealthText state={health.state} attempts={stats?.values.reduce((all, count) => all + count, 0)} />
      </span>
    ),
  },
  { key: "day", title: () => t("subscriptions.column.day"), cell: ({ stats }) => <DayCell day={stats} /> },
  {
    key: "waiting",
    title: () => t("subscriptions.column.waiting"),
    numeric: true,
    cell: (row) => <WaitingCell row={row} />,
  },
  {
    key: "protection",
    title: () => t("subscriptions.column.protection"),
    cell: (row) => <TechniqueList subscription={row} />,
  },
  {
    key: "certificate",
    title: () => t("subscriptions.column.certificate"),
    cell: ({ clientCertExpiresAt: at }) => at !== undefined && <CertificateEnd at={at} />,
  },
];

export const useSubscriptionColumns = (): ShownColumns<SubscriptionColumn> =>
  useColumns(COLUMNS, "sealpost.subscriptions.columns.hidden");

/** What goes on by itself, and below it what waits for a person. */
function WaitingCell({ row: { id, waiting, parked } }: { row: ListedSubscription }) {
  const shown = ({ count, exact }: { count: number; exact: boolean }) =>
    `${formatFigure(count, "count", LOCALE)}${exact ? "" : "+"}`;
  return (
    <span>
      {waiting && shown(waiting)}
      {parked && parked.count > 0 && (
        <>
          <br />
          <Link to="/deliveries" search={{ subscription: id, status: "parked" }} preload={false}>
            {t("subscriptions.parked", { count: parked.count, number: shown(parked) })}
          </Link>
        </>
      )}
    </span>
  );
}

/** The way to the subscription. Below it stands the host, unless that is its name. */
function NameLink({ row }: { row: Subscription }) {
  const name = endpointName(row);
  const host = endpointName({ url: row.url });
  return (
    <span className={styles.name}>
      <Link to="/subscriptions/$id" params={{ id: row.id }} search={keptSearch} data-row-link preload={false}>
        <Breakable text={name} />
      </Link>
      {host !== name && (
        <span className="quiet">
          <Breakable text={host} />
        </span>
      )}
    </span>
  );
}
