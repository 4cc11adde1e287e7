/** What can be subscribed to: the apis, and their event types. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { apisQuery } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Breakable } from "../../parts/breakable.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { useSyncedText } from "../../parts/draft.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import table from "../../parts/rows/table.module.css";
import { ApiList } from "./api-list.js";
import styles from "./catalogue.module.css";
import type { CatalogueSearch } from "./filters.js";
import { type EventType, eventTypesPageQuery } from "./queries.js";

export function Catalogue() {
  const search = useSearch({ from: "/catalogue" });
  const navigate = useNavigate({ from: "/catalogue" });
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(eventTypesPageQuery(search));
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  return (
    <Page title={t("nav.catalogue")}>
      <div className={styles.page}>
        <ApiList />
        <section className={styles.section} aria-labelledby="event-types">
          <h2 id="event-types">{t("settings.eventTypes")}</h2>
          <Filters search={search} />
          {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
          {isPending && <Skeleton />}
          {data && data.data.length === 0 && <Empty search={search} />}
          {data && data.data.length > 0 && <EventTypeTable rows={data.data} busy={isPlaceholderData} />}
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

function EventTypeTable({ rows, busy }: { rows: readonly EventType[]; busy: boolean }) {
  const { data: apis } = useQuery(apisQuery);
  const nameOf = new Map(apis?.data.map(({ id, name }) => [id, name]));
  return (
    <table className={table.table} role="table" aria-label={t("settings.eventTypes")} aria-busy={busy}>
      <thead role="rowgroup">
        <tr role="row">
          {(["type", "api", "description", "version"] as const).map((column) => (
            <th key={column} role="columnheader" scope="col">
              {t(`catalogue.column.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(({ name, apiId, description, version, deprecation }) => (
          <tr role="row" key={name}>
            <td role="cell" data-label={t("catalogue.column.type")}>
              <span>
                <Link to="/catalogue/$name" params={{ name }} preload={false}>
                  <Breakable text={name} />
                </Link>
                {deprecation && <span className={styles.deprecated}> {t("catalogue.deprecated")}</span>}
              </span>
            </td>
            <td role="cell" data-label={t("catalogue.column.api")}>
              {nameOf.get(apiId) ?? apiId}
            </td>
            <td role="cell" data-label={t("catalogue.column.description")}>
              {description}
            </td>
            <td role="cell" data-label={t("catalogue.column.version")}>
              {version}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
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
