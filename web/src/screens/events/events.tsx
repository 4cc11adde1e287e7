/** Events that were published, the newest first. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { eventTypesQuery } from "../../api/queries.js";
import { LOCALE, t } from "../../i18n/index.js";
import { Breakable } from "../../parts/breakable.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { Counted } from "../../parts/counted.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { type CellColumn, ColumnsMenu, ColumnTable, useColumns } from "../../parts/rows/columns.js";
import { ExportMenu } from "../../parts/rows/export-menu.js";
import { FreshRows } from "../../parts/rows/fresh-rows.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TimeText } from "../../parts/time-text.js";
import { keptSearch } from "../../search-parameters.js";
import { numberFormat } from "../../time/formatters.js";
import styles from "./events.module.css";
import type { EventsSearch } from "./filters.js";
import { useLiveEvents } from "./live.js";
import { eventCountQuery, eventExportAddress, type EventRecord, eventsQuery } from "./queries.js";

export function Events() {
  const search = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(eventsQuery(search));
  const { data: counted, refetch: recount } = useQuery(eventCountQuery(search));
  const columns = useColumns(COLUMNS, "sealpost.events.columns.hidden");
  const newest = () => void navigate({ search: ({ cursor: _, ...rest }) => rest });
  const live = useLiveEvents(search);
  const again = () => {
    live.clear();
    void refetch();
    void recount();
  };
  return (
    <Page
      title={t("nav.events")}
      beside={
        <Counted counted={counted} words={(more, values) => t(more ? "events.countAtLeast" : "events.count", values)} />
      }
    >
      <div className={styles.page}>
        <Filters search={search} />
        {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
        {isPending && <Skeleton />}
        {data && data.data.length === 0 && <Empty search={search} />}
        <FreshRows show={again}>{live.fresh > 0 ? t("deliveries.fresh", { count: live.fresh }) : undefined}</FreshRows>
        {data && data.data.length > 0 && (
          <>
            <ColumnTable
              label={t("nav.events")}
              rows={data.data}
              columns={columns.shown}
              keyOf={({ id }) => id}
              busy={isPlaceholderData}
            />
            <div className="row">
              <ColumnsMenu columns={columns} />
              <ExportMenu address={(format) => eventExportAddress(search, format)} limit={t("events.exportLimit")} />
            </div>
          </>
        )}
        {data && <CursorPaging cursor={search.cursor} next={data.next} newest={newest} />}
      </div>
    </Page>
  );
}

const WINDOWS = ["-15m", "-1h", "-24h", "-7d"] as const;

function Filters({ search }: { search: EventsSearch }) {
  const navigate = useNavigate({ from: "/events" });
  const { data: types } = useQuery(eventTypesQuery);
  const filter = (name: "type" | "since", value: string) =>
    void navigate({ search: ({ cursor: _, ...before }) => ({ ...before, [name]: value }) });
  return (
    <form role="search" aria-label={t("events.filters")} className="row" onSubmit={(event) => event.preventDefault()}>
      <label className="field">
        {t("events.type")}
        <select value={search.type ?? ""} onChange={(event) => filter("type", event.target.value)}>
          <option value="">{t("events.allTypes")}</option>
          {types?.data.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        {t("events.window")}
        <select value={search.since ?? ""} onChange={(event) => filter("since", event.target.value)}>
          <option value="">{t("events.always")}</option>
          {WINDOWS.map((each) => (
            <option key={each} value={each}>
              {t(`events.since.${each}`)}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

const COLUMNS: readonly CellColumn<EventRecord>[] = [
  { key: "time", title: () => t("events.column.time"), cell: ({ acceptedAt }) => <TimeText at={acceptedAt} /> },
  { key: "type", title: () => t("events.column.type"), cell: ({ type }) => <Breakable text={type} /> },
  {
    key: "id",
    title: () => t("events.column.id"),
    fixed: true,
    cell: ({ id }) => (
      <Link to="/events/$id" params={{ id }} className={styles.id}>
        <code>{id}</code>
      </Link>
    ),
  },
  {
    key: "size",
    title: () => t("events.column.size"),
    cell: ({ size, expungedAt }) => (expungedAt === undefined ? bytesOf(size) : t("events.erased")),
  },
];

export const bytesOf = (size: number): string =>
  numberFormat(LOCALE, { style: "unit", unit: "byte", unitDisplay: "long" }).format(size);

function Empty({ search }: { search: EventsSearch }) {
  const filtered = search.type !== undefined || search.since !== undefined || search.cursor !== undefined;
  return (
    <section className="card">
      <p>{t(filtered ? "events.nothingMatches" : "events.none")}</p>
      {filtered && (
        <p>
          <Link to="/events" search={keptSearch(search)}>
            {t("events.clear")}
          </Link>
        </p>
      )}
    </section>
  );
}
