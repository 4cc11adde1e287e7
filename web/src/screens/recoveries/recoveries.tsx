/** What was sent again in bulk, and what is being sent now: who asked, what, how far it is and how long it will take. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { memo } from "react";
import { mayDo } from "../../api/access.js";
import { useMe } from "../../api/queries.js";
import { LOCALE, t } from "../../i18n/index.js";
import { ActorNames } from "../../parts/actor-names.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { useNames } from "../../parts/names.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import type { Recovery } from "../../parts/recovery/model.js";
import { useLiveRecoveries } from "../../parts/recovery/live.js";
import { ProgressBar, speedText, timeLeftText } from "../../parts/recovery/progress.js";
import { recoveriesQuery } from "../../parts/recovery/queries.js";
import { filterWords, RecoveryStatusText } from "../../parts/recovery/recovery-text.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TimeText } from "../../parts/time-text.js";
import table from "../deliveries/delivery-table.module.css";
import { RECOVERY_STATUSES } from "./filters.js";
import { keptSearch } from "../../search-parameters.js";
import styles from "./recoveries.module.css";
import { numberFormat } from "../../time/formatters.js";
import { useZone } from "../../time/zone.js";

export function Recoveries() {
  const search = useSearch({ from: "/recoveries" });
  const navigate = useNavigate({ from: "/recoveries" });
  const { role } = useMe();
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(recoveriesQuery(search, useLiveRecoveries()));
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  const choose = (chosen: string) => {
    const status = RECOVERY_STATUSES.find((each) => each === chosen);
    void navigate({ search: (before) => ({ ...keptSearch(before), ...(status && { status }) }) });
  };
  return (
    <Page title={t("nav.recoveries")} beside={mayDo(role, "recoveries:write") && <NewLink />}>
      <div className={styles.screen}>
        <label className="field">
          {t("deliveries.column.status")}
          <select value={search.status ?? ""} onChange={({ target }) => choose(target.value)}>
            <option value="">{t("filters.any")}</option>
            {RECOVERY_STATUSES.map((status) => (
              <option key={status} value={status}>
                {t(`recoveries.status.${status}`)}
              </option>
            ))}
          </select>
        </label>
        {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
        {isPending && <Skeleton />}
        {data?.data.length === 0 && (
          <section className="card">
            <h2>{t(search.status || search.api ? "recoveries.nothingMatches" : "recoveries.none")}</h2>
            <p>{t("recoveries.noneDetail")}</p>
          </section>
        )}
        {data && data.data.length > 0 && <RecoveryTable rows={data.data} busy={isPlaceholderData} />}
        {data && <CursorPaging cursor={search.cursor} next={data.next} newest={newest} />}
      </div>
    </Page>
  );
}

function NewLink() {
  return (
    <Link to="/recoveries/new" search={keptSearch} className="button">
      {t("recoveries.new")}
    </Link>
  );
}

const COLUMNS = ["what", "status", "progress", "delivered", "failedAgain", "speed", "left", "by"] as const;

function RecoveryTable({ rows, busy }: { rows: readonly Recovery[]; busy: boolean }) {
  const me = useMe();
  const zone = useZone();
  const names = useNames(rows.flatMap(({ filter }) => filter.subscriptionId ?? []));
  return (
    <table className={table.table} role="table" aria-label={t("nav.recoveries")} aria-busy={busy}>
      <thead role="rowgroup">
        <tr role="row">
          {COLUMNS.map((column) => (
            <th key={column} role="columnheader" scope="col">
              {t(`recoveries.column.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <Row key={row.id} row={row} what={filterWords(row.filter, names, zone)} isOwn={row.createdBy === me.id} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  row: Recovery;
  /** Its filter in words. */
  what: string;
  /** Who looks has asked for it. */
  isOwn: boolean;
}

/** It is drawn anew only if what it shows has changed. */
const Row = memo(function Row({ row, what, isOwn }: RowProps) {
  const label = (column: (typeof COLUMNS)[number]) => t(`recoveries.column.${column}`);
  const format = numberFormat(LOCALE);
  return (
    <tr role="row">
      <td role="cell" data-label={label("what")}>
        <Link to="/recoveries/$id" params={{ id: row.id }} search={keptSearch} preload={false}>
          {what}
        </Link>
      </td>
      <td role="cell" data-label={label("status")}>
        <span>
          <RecoveryStatusText status={row.status} />
        </span>
      </td>
      <td role="cell" data-label={label("progress")}>
        <ProgressBar recovery={row} />
      </td>
      <td role="cell" data-label={label("delivered")}>
        {format.format(row.progress.delivered)}
      </td>
      <td role="cell" data-label={label("failedAgain")}>
        {format.format(row.progress.failedAgain)}
      </td>
      <td role="cell" data-label={label("speed")}>
        {speedText(row)}
      </td>
      <td role="cell" data-label={label("left")}>
        {timeLeftText(row)}
      </td>
      <td role="cell" data-label={label("by")}>
        <span className={styles.by}>
          {isOwn ? t("recoveries.you") : <ActorNames actors={[{ id: row.createdBy, name: row.createdByName }]} />}{" "}
          <TimeText at={row.createdAt} />
        </span>
      </td>
    </tr>
  );
});
