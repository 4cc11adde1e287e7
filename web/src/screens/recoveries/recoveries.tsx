/**
 * What was sent again in bulk, and what is being sent now: who asked, what, how far it is and how long it will take.
 */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { memo } from "react";
import { mayDo } from "../../api/access.js";
import { type Role, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Counted } from "../../parts/counted.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { useNames } from "../../parts/names.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { useLiveRecoveries } from "../../parts/recovery/live.js";
import type { Recovery } from "../../parts/recovery/model.js";
import { recoveriesQuery, recoveryCountQuery, recoveryExportAddress } from "../../parts/recovery/queries.js";
import { filterWords } from "../../parts/recovery/recovery-text.js";
import { ColumnCell, ColumnHeads, ColumnsMenu } from "../../parts/rows/columns.js";
import { ExportMenu } from "../../parts/rows/export-menu.js";
import table from "../../parts/rows/table.module.css";
import { Skeleton } from "../../parts/skeleton.js";
import { keptSearch } from "../../search-parameters.js";
import { useZone } from "../../time/zone.js";
import { type ListedRecovery, type RecoveryColumn, useRecoveryColumns } from "./columns.js";
import { RECOVERY_STATUSES } from "./filters.js";
import styles from "./recoveries.module.css";

export function Recoveries() {
  const search = useSearch({ from: "/recoveries" });
  const navigate = useNavigate({ from: "/recoveries" });
  const { role } = useMe();
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(recoveriesQuery(search, useLiveRecoveries()));
  const columns = useRecoveryColumns();
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  const choose = (chosen: string) => {
    const status = RECOVERY_STATUSES.find((each) => each === chosen);
    void navigate({ search: (before) => ({ ...keptSearch(before), ...(status && { status }) }) });
  };
  return (
    <Page title={t("nav.recoveries")} beside={<Beside search={search} role={role} />}>
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
        {data && data.data.length > 0 && (
          <>
            <RecoveryTable rows={data.data} columns={columns.shown} busy={isPlaceholderData} />
            <div className="row">
              <ColumnsMenu columns={columns} />
              <ExportMenu
                address={(format) => recoveryExportAddress(search, format)}
                limit={t("recoveries.exportLimit")}
              />
            </div>
          </>
        )}
        {data && <CursorPaging cursor={search.cursor} next={data.next} newest={newest} />}
      </div>
    </Page>
  );
}

function Beside({ search, role }: { search: Parameters<typeof recoveryCountQuery>[0]; role: Role }) {
  const { data: counted } = useQuery(recoveryCountQuery(search));
  return (
    <div className="row">
      <Counted
        counted={counted}
        words={(more, values) => t(more ? "recoveries.countAtLeast" : "recoveries.count", values)}
      />
      {mayDo(role, "recoveries:write") && <NewLink />}
    </div>
  );
}

function NewLink() {
  return (
    <Link to="/recoveries/new" search={keptSearch} className="button">
      {t("recoveries.new")}
    </Link>
  );
}

interface RecoveryTableProps {
  rows: readonly Recovery[];
  columns: readonly RecoveryColumn[];
  busy: boolean;
}

function RecoveryTable({ rows, columns, busy }: RecoveryTableProps) {
  const me = useMe();
  const zone = useZone();
  const names = useNames(rows.flatMap(({ filter }) => filter.subscriptionId ?? []));
  return (
    <div className={table.wide}>
      <table className={table.table} role="table" aria-label={t("nav.recoveries")} aria-busy={busy}>
        <ColumnHeads columns={columns} />
        <tbody role="rowgroup">
          {rows.map((row) => (
            <Row
              key={row.id}
              row={row}
              what={filterWords(row.filter, names, zone)}
              isOwn={row.createdBy === me.id}
              columns={columns}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** It is drawn anew only if what it shows has changed. */
const Row = memo(function Row({ columns, ...listed }: ListedRecovery & { columns: readonly RecoveryColumn[] }) {
  return (
    <tr role="row">
      {columns.map((column) => (
        <ColumnCell key={column.key} column={column}>
          {column.cell(listed)}
        </ColumnCell>
      ))}
    </tr>
  );
});
