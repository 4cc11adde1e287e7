/** What was sent to whom, and what came back. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useMe } from "../../api/queries.js";
import { mayDo } from "../../api/access.js";
import { t } from "../../i18n/index.js";
import { ExportMenu } from "../../parts/rows/export-menu.js";
import { FreshRows } from "../../parts/rows/fresh-rows.js";
import { Counted } from "../../parts/counted.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { stringifySearch } from "../../search-parameters.js";
import { DeliveryTable } from "./delivery-table.js";
import { EmptyList } from "./empty-list.js";
import { FilterBar } from "./filters/filter-bar.js";
import type { DeliveriesSearch } from "./filters/filters.js";
import { type LiveMode, useLive } from "./live.js";
import { Paging } from "./paging.js";
import { countQuery, deliveriesQuery, type DeliverySummary, exportAddress } from "./queries.js";
import { SelectionBar } from "./acts/selection-bar.js";
import { Skeleton } from "../../parts/skeleton.js";
import { useSelection } from "./acts/selection.js";
import styles from "./deliveries.module.css";

const LIVE = "sealpost.live";

export function Deliveries() {
  const search = useSearch({ from: "/deliveries" });
  const [on, setOn] = useState(localStorage.getItem(LIVE) !== "off");
  const live = useLive(search, on);
  const switchLive = (to: boolean) => {
    localStorage.setItem(LIVE, to ? "on" : "off");
    setOn(to);
  };
  const { cursor: _cursor, tz: _tz, ...withoutCursor } = search;
  return (
    <Page title={t("nav.deliveries")} beside={<Tools search={search} mode={live.mode} switchLive={switchLive} />}>
      <div className={styles.screen}>
        <FilterBar search={search} />
        <List key={stringifySearch(withoutCursor)} search={search} live={live} />
      </div>
    </Page>
  );
}

interface ToolsProps {
  search: DeliveriesSearch;
  mode: LiveMode;
  switchLive: (on: boolean) => void;
}

/** How many there are, whether the list is live, and the way out of the page. */
function Tools({ search, mode, switchLive }: ToolsProps) {
  const { data: counted } = useQuery(countQuery(search));
  return (
    <div className={styles.tools}>
      <Counted
        counted={counted}
        words={(more, values) => t(more ? "deliveries.countAtLeast" : "deliveries.count", values)}
      />
      <label className="row">
        <input type="checkbox" checked={mode !== "off"} onChange={({ target }) => switchLive(target.checked)} />
        {mode === "asking" ? t("deliveries.liveAsking") : t("deliveries.live")}
      </label>
      <ExportMenu address={(format) => exportAddress(search, format)} limit={t("deliveries.exportLimit")} atEnd />
    </div>
  );
}

interface ListProps {
  search: DeliveriesSearch;
  live: ReturnType<typeof useLive>;
}

function List({ search, live }: ListProps) {
  const { role } = useMe();
  const navigate = useNavigate({ from: "/deliveries" });
  const { data, error, refetch, isPending, isPlaceholderData, isFetching } = useQuery(deliveriesQuery(search));
  // The page before stays until the next one is there, so that nothing below it jumps.
  const [shown, setShown] = useState(search.cursor);
  if (!isPlaceholderData && shown !== search.cursor) setShown(search.cursor);
  const rows = data?.data ?? [];
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  const showFresh = () => {
    live.clear();
    void refetch();
  };
  if (error && !data) return <ProblemNotice error={error} again={() => void refetch()} newest={newest} />;
  if (isPending) return <Skeleton />;
  const fresh = (
    <FreshRows show={showFresh}>{live.fresh > 0 ? t("deliveries.fresh", { count: live.fresh }) : undefined}</FreshRows>
  );
  if (rows.length === 0)
    return (
      <>
        {fresh}
        <EmptyList search={search} role={role} newest={newest} />
      </>
    );
  return (
    <>
      {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
      {fresh}
      {/* What is selected belongs to one page of one list. */}
      <Rows
        key={shown}
        search={search}
        rows={rows}
        mayWrite={mayDo(role, "deliveries:write")}
        busy={isPlaceholderData || isFetching}
        changed={() => void refetch()}
      />
      <Paging search={search} next={data.next} newest={newest} />
    </>
  );
}

interface RowsProps {
  search: DeliveriesSearch;
  rows: readonly DeliverySummary[];
  mayWrite: boolean;
  busy: boolean;
  changed: () => void;
}

function Rows({ search, rows, mayWrite, busy, changed }: RowsProps) {
  const selection = useSelection(rows);
  return (
    <>
      {mayWrite && <SelectionBar search={search} selection={selection} rows={rows} done={changed} />}
      <DeliveryTable rows={rows} selection={mayWrite ? selection : undefined} busy={busy} changed={changed} />
    </>
  );
}
