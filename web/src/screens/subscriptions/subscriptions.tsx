/** The endpoints that events are sent to: which are in service, how they do, and how they are protected. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { ColumnsMenu } from "../../parts/rows/columns.js";
import { ExportMenu } from "../../parts/rows/export-menu.js";
import { FreshRows } from "../../parts/rows/fresh-rows.js";
import type { LiveList } from "../../parts/rows/live-list.js";
import { Counted } from "../../parts/counted.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { BulkBar } from "./bulk/bulk-bar.js";
import { useSubscriptionColumns } from "./columns.js";
import { SubscriptionFilters } from "./filter-bar.js";
import { isNarrowed, type SubscriptionsSearch } from "./filters.js";
import { useLiveSubscriptions } from "./live.js";
import { subscriptionCountQuery, subscriptionExportAddress, subscriptionsPageQuery } from "./queries.js";
import { type RowSelection, SubscriptionTable } from "./subscription-table.js";
import { keptSearch } from "../../search-parameters.js";
import styles from "./subscriptions.module.css";

export function Subscriptions() {
  const search = useSearch({ from: "/subscriptions" });
  const navigate = useNavigate({ from: "/subscriptions" });
  const { role } = useMe();
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(subscriptionsPageQuery(search));
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  const live = useLiveSubscriptions(search);
  const again = () => {
    live.clear();
    void refetch();
  };
  const columns = useSubscriptionColumns();
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  // A consumer has few of its own, and pauses each on its page.
  const selection: RowSelection | undefined =
    mayDo(role, "subscriptions:run") && role !== "consumer"
      ? { ids, toggle: (id) => setIds(new Set(ids.has(id) ? [...ids].filter((each) => each !== id) : [...ids, id])) }
      : undefined;
  return (
    <Page
      title={t("nav.subscriptions")}
      beside={
        <div className={styles.tools}>
          <Count search={search} />
          {mayDo(role, "subscriptions:write") && <CreateLink />}
        </div>
      }
    >
      <div className={styles.screen}>
        <SubscriptionFilters search={search} />
        {error && <ProblemNotice error={error} again={again} newest={newest} />}
        {isPending && <Skeleton />}
        {data && data.data.length === 0 && <Empty search={search} newest={newest} />}
        <Changed live={live} again={again} />
        <BulkBar chosen={data?.data.filter(({ id }) => ids.has(id)) ?? []} clear={() => setIds(new Set())} />
        {data && data.data.length > 0 && (
          <SubscriptionTable rows={data.data} busy={isPlaceholderData} columns={columns.shown} selection={selection} />
        )}
        {data && data.data.length > 0 && (
          <div className="row">
            <ColumnsMenu columns={columns} />
            <ExportMenu
              address={(format) => subscriptionExportAddress(search, format)}
              limit={t("subscriptions.exportLimit")}
            />
          </div>
        )}
        {data && <CursorPaging cursor={search.cursor} next={data.next} newest={newest} />}
      </div>
    </Page>
  );
}

/** What a look at the list has found that is not shown, because it would move the rows. */
function Changed({ live: { fresh, gone }, again }: { live: LiveList; again: () => void }) {
  const words = [
    ...(fresh > 0 ? [t("subscriptions.fresh", { count: fresh })] : []),
    ...(gone > 0 ? [t("subscriptions.gone", { count: gone })] : []),
  ];
  return (
    <FreshRows show={again}>
      {words.length > 0 ? t("subscriptions.showAnew", { changes: words.join(", ") }) : undefined}
    </FreshRows>
  );
}

function Count({ search }: { search: SubscriptionsSearch }) {
  const { data: counted } = useQuery(subscriptionCountQuery(search));
  return (
    <Counted
      counted={counted}
      words={(more, values) => t(more ? "subscriptions.countAtLeast" : "subscriptions.count", values)}
    />
  );
}

function CreateLink() {
  return (
    <Link to="/subscriptions/new" search={keptSearch} className="button">
      {t("create.act")}
    </Link>
  );
}

/** Says why there is nothing, and what to do next. */
function Empty({ search, newest }: { search: SubscriptionsSearch; newest: () => void }) {
  const { role } = useMe();
  if (search.cursor !== undefined)
    return (
      <section className="card">
        <p>{t("deliveries.emptyPage")}</p>
        <button type="button" className="button quiet" onClick={newest}>
          {t("problem.newest")}
        </button>
      </section>
    );
  if (isNarrowed(search))
    return (
      <section className="card">
        <h2>{t("subscriptions.nothingMatches")}</h2>
        <p>
          <Link to="/subscriptions" search={{ ...(search.tz && { tz: search.tz }) }}>
            {t("deliveries.clearFilters")}
          </Link>
        </p>
      </section>
    );
  return (
    <section className="card">
      <h2>{t("subscriptions.none")}</h2>
      <p>{t(mayDo(role, "subscriptions:write") ? "subscriptions.noneToMake" : "subscriptions.noneToSee")}</p>
    </section>
  );
}
