/** The rows. On a narrow screen each is a card. The answer of the list has all that they show. */
import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import type { Schemas } from "../../api/client.js";
import { LOCALE, t } from "../../i18n/index.js";
import { useKeys } from "../../keys/keys.js";
import { formatFigure } from "../../parts/chart/figures.js";
import { Breakable } from "../../parts/breakable.js";
import { endpointName, type Names, useNames } from "../../parts/names.js";
import { CertificateEnd } from "../../parts/subscription/certificate-end.js";
import type { Subscription } from "../../parts/subscription/model.js";
import { HealthText, SubscriptionStatusText } from "../../parts/subscription/state-text.js";
import { TechniqueList } from "../../parts/subscription/technique-list.js";
import type { SubscriptionColumn } from "./columns.js";
import { DayCell } from "./day-cell.js";
import table from "../deliveries/delivery-table.module.css";
import { keptSearch } from "../../search-parameters.js";
import styles from "./subscriptions.module.css";

type ListedSubscription = Schemas["ListedSubscription"];

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
        <thead role="rowgroup">
          <tr role="row">
            {selection && (
              <th role="columnheader" scope="col" className={table.check}>
                <span className="unseen">{t("bulk.select")}</span>
              </th>
            )}
            {columns.map((column) => (
              <th
                key={column}
                role="columnheader"
                scope="col"
                className={column === "waiting" ? table.number : undefined}
              >
                {t(`subscriptions.column.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
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
  const { health, stats } = row;
  const label = (column: SubscriptionColumn) => t(`subscriptions.column.${column}`);
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
      <td role="cell" data-label={label("name")}>
        <NameLink row={row} />
      </td>
      {columns.includes("group") && (
        <td role="cell" data-label={label("group")}>
          {names.group(row.groupId)}
        </td>
      )}
      {columns.includes("status") && (
        <td role="cell" data-label={label("status")}>
          <span>
            <SubscriptionStatusText subscription={row} />
          </span>
        </td>
      )}
      {columns.includes("health") && (
        <td role="cell" data-label={label("health")}>
          <span>
            <HealthText state={health.state} attempts={stats?.values.reduce((all, count) => all + count, 0)} />
          </span>
        </td>
      )}
      {columns.includes("day") && (
        <td role="cell" data-label={label("day")}>
          <DayCell day={stats} />
        </td>
      )}
      {columns.includes("waiting") && (
        <td role="cell" data-label={label("waiting")} className={table.number}>
          <WaitingCell row={row} />
        </td>
      )}
      {columns.includes("protection") && (
        <td role="cell" data-label={label("protection")}>
          <TechniqueList subscription={row} />
        </td>
      )}
      {columns.includes("certificate") && (
        <td role="cell" data-label={label("certificate")}>
          {row.clientCertExpiresAt !== undefined && <CertificateEnd at={row.clientCertExpiresAt} />}
        </td>
      )}
    </tr>
  );
}

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
