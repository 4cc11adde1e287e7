/** Events that were published, the newest first. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { eventTypesQuery } from "../../api/queries.js";
import { LOCALE, t } from "../../i18n/index.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TimeText } from "../../parts/time-text.js";
import { keptSearch } from "../../search-parameters.js";
import styles from "./events.module.css";
import type { EventsSearch } from "./filters.js";
import { type EventRecord, eventsQuery } from "./queries.js";
import { numberFormat } from "../../time/formatters.js";

export function Events() {
  const search = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(eventsQuery(search));
  const newest = () => void navigate({ search: ({ cursor: _, ...rest }) => rest });
  return (
    <Page title={t("nav.events")}>
      <div className={styles.page}>
        <Filters search={search} />
        {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
        {isPending && <Skeleton />}
        {data && data.data.length === 0 && <Empty search={search} />}
        {data && data.data.length > 0 && <Rows rows={data.data} busy={isPlaceholderData} />}
        {data && (search.cursor !== undefined || data.next !== null) && (
          <nav className="row" aria-label={t("events.paging")}>
            {search.cursor !== undefined && (
              <button type="button" className="button quiet" onClick={newest}>
                {t("events.newest")}
              </button>
            )}
            {data.next !== null && (
              <Link
                from="/events"
                to="."
                search={(before) => ({ ...before, cursor: data.next ?? "" })}
                className="button quiet"
              >
                {t("events.older")}
              </Link>
            )}
          </nav>
        )}
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

function Rows({ rows, busy }: { rows: readonly EventRecord[]; busy: boolean }) {
  return (
    <div className={styles.scroll} role="region" aria-label={t("nav.events")} tabIndex={0}>
      <table className={styles.table} aria-label={t("nav.events")} aria-busy={busy}>
        <thead>
          <tr>
            <th scope="col">{t("events.column.time")}</th>
            <th scope="col">{t("events.column.type")}</th>
            <th scope="col">{t("events.column.id")}</th>
            <th scope="col">{t("events.column.size")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, type, acceptedAt, size, expungedAt }) => (
            <tr key={id}>
              <td>
                <TimeText at={acceptedAt} />
              </td>
              <td>{type}</td>
              <td>
                <Link to="/events/$id" params={{ id }}>
                  <code>{id}</code>
                </Link>
              </td>
              <td>{expungedAt === undefined ? bytesOf(size) : t("events.erased")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

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
