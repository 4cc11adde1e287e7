/** What can be subscribed to: the apis, and their event types. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { apisQuery } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Counted } from "../../parts/counted.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { useSyncedText } from "../../parts/draft.js";
import { Page } from "../../parts/page.js";
import { ColumnsMenu, ColumnTable, useColumns } from "../../parts/rows/columns.js";
import { ExportMenu } from "../../parts/rows/export-menu.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { ApiList } from "./api-list.js";
import styles from "./catalogue.module.css";
import type { CatalogueSearch } from "./filters.js";
import { EVENT_TYPE_COLUMNS } from "./event-type-columns.js";
import { eventTypeCountQuery, eventTypeExportAddress, eventTypesPageQuery } from "./queries.js";

export function Catalogue() {
  const search = useSearch({ from: "/catalogue" });
  const navigate = useNavigate({ from: "/catalogue" });
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(eventTypesPageQuery(search));
  const { data: counted } = useQuery(eventTypeCountQuery(search));
  const columns = useColumns(EVENT_TYPE_COLUMNS, "sealpost.catalogue.columns.hidden");
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  return (
    <Page
      title={t("nav.catalogue")}
      beside={
        <Counted
          counted={counted}
          words={(more, values) => t(more ? "catalogue.countAtLeast" : "catalogue.count", values)}
        />
      }
    >
      <div className={styles.page}>
        <ApiList />
        <section className={styles.section} aria-labelledby="event-types">
          <h2 id="event-types">{t("settings.eventTypes")}</h2>
          <Filters search={search} />
          {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
          {isPending && <Skeleton />}
          {data && data.data.length === 0 && <Empty search={search} />}
          {data && data.data.length > 0 && (
            <>
              <ColumnTable
                label={t("settings.eventTypes")}
                rows={data.data}
                columns={columns.shown}
                keyOf={({ name }) => name}
                busy={isPlaceholderData}
              />
              <div className="row">
                <ColumnsMenu columns={columns} />
                <ExportMenu
                  address={(format) => eventTypeExportAddress(search, format)}
                  limit={t("catalogue.exportLimit")}
                />
              </div>
            </>
          )}
          {data && <CursorPaging cursor={search.cursor} next={data.next} newest={newest} />}
        </section>
      </div>
    </Page>
  );
}

function Filters({ search }: { search: CatalogueSearch }) {
  const navigate = useNavigate({ from: "/catalogue" });
  const { data: apis } = useQuery(apisQuery);
  const [text, setText] = useSyncedText(search.q ?? "");
  const apply = (name: "q" | "api", value: string) =>
    void navigate({
      search: ({ cursor: _cursor, ...before }) => {
        const { [name]: _before, ...rest } = before;
        return { ...rest, ...(value && { [name]: value }) };
      },
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply("q", text.trim());
  };
  return (
    <form role="search" aria-label={t("filters.label")} className={styles.filters} onSubmit={submit}>
      <label className="field">
        {t("catalogue.search")}
        <input type="search" value={text} maxLength={200} onChange={({ target }) => setText(target.value)} />
      </label>
      <label className="field">
        {t("catalogue.api")}
        <select value={search.api ?? ""} onChange={({ target }) => apply("api", target.value)}>
          <option value="">{t("filters.any")}</option>
          {apis?.data.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button className="button quiet">{t("filters.find")}</button>
    </form>
  );
}

function Empty({ search }: { search: CatalogueSearch }) {
  const filtered = search.q !== undefined || search.api !== undefined || search.cursor !== undefined;
  return (
    <section className="card">
      <p>{t(filtered ? "catalogue.nothingMatches" : "catalogue.none")}</p>
      {filtered && (
        <p>
          <Link to="/catalogue" search={{ ...(search.tz && { tz: search.tz }) }}>
            {t("deliveries.clearFilters")}
          </Link>
        </p>
      )}
    </section>
  );
}
