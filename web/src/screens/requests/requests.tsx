/** What waits for a provider: subscriptions to approve, and grants that consumers ask for. Never one's own. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Counted } from "../../parts/counted.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { useNames } from "../../parts/names.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { ExportMenu } from "../../parts/rows/export-menu.js";
import { WaitingReleases } from "../../parts/recovery/waiting-releases.js";
import { Skeleton } from "../../parts/skeleton.js";
import { useLiveQueries } from "../../parts/subscription/live.js";
import type { Subscription } from "../../parts/subscription/model.js";
import type { StepName } from "../subscription/acts/possible-acts.js";
import { StepDialog } from "../subscription/acts/step-dialog.js";
import { REQUEST_STATUSES } from "./filters.js";
import { GrantRequestCard } from "./grant-request-card.js";
import {
  grantRequestCountQuery,
  grantRequestExportAddress,
  grantRequestsQuery,
  waitingCountQuery,
  waitingExportAddress,
  waitingSubscriptionsQuery,
} from "./queries.js";
import styles from "./requests.module.css";
import { SubmittedCard } from "./submitted-card.js";

export function Requests() {
  useLiveQueries(LIVE, { also: "grant_request" });
  return (
    <Page title={t("nav.requests")}>
      <div className={styles.page}>
        <Submitted />
        <GrantRequests />
        <WaitingReleases />
      </div>
    </Page>
  );
}

/** One stream for the page: a browser opens few connections to one host. */
const LIVE = [
  ["subscriptions", "waiting"],
  ["grant-requests", "page"],
] as const;

function Submitted() {
  const me = useMe();
  const names = useNames([]);
  const { api } = useSearch({ from: "/requests" });
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(
    waitingSubscriptionsQuery(api),
  );
  const { data: counted } = useQuery(waitingCountQuery(api));
  // It outlives its card, which is gone once the decision is taken.
  const [decision, setDecision] = useState<{ subscription: Subscription; step: StepName }>();
  const waiting = data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <section className={styles.section} aria-labelledby="submitted">
      <h2 id="submitted">{t("requests.subscriptions")}</h2>
      <div className="row">
        <Counted
          counted={counted}
          words={(more, values) => t(more ? "subscriptions.countAtLeast" : "subscriptions.count", values)}
        />
        <ExportMenu
          label={t("requests.waitingExport")}
          address={(format) => waitingExportAddress(api, format)}
          limit={t("subscriptions.exportLimit")}
        />
      </div>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data && waiting.length === 0 && !hasNextPage && <p>{t("requests.noSubscription")}</p>}
      <ul className={styles.cards}>
        {waiting.map((each) => (
          <li key={each.id} className="card">
            <SubmittedCard
              subscription={each}
              group={names.group(each.groupId)}
              me={me}
              decide={(step) => setDecision({ subscription: each, step })}
            />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <button
          type="button"
          className="button quiet"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {t("requests.more")}
        </button>
      )}
      {decision && <StepDialog {...decision} close={() => setDecision(undefined)} />}
    </section>
  );
}

function GrantRequests() {
  const me = useMe();
  const names = useNames([]);
  const search = useSearch({ from: "/requests" });
  const navigate = useNavigate({ from: "/requests" });
  const { data, error, refetch } = useQuery(grantRequestsQuery(search));
  const { data: counted } = useQuery(grantRequestCountQuery(search));
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  const choose = (value: string) => {
    const status = REQUEST_STATUSES.find((each) => each === value);
    void navigate({
      search: ({ cursor: _cursor, status: _before, ...rest }) => ({ ...rest, ...(status && { status }) }),
    });
  };
  return (
    <section className={styles.section} aria-labelledby="grants">
      <h2 id="grants">{t("requests.grants")}</h2>
      <label className={styles.filter}>
        {t("deliveries.column.status")}
        <select value={search.status ?? "open"} onChange={({ target }) => choose(target.value)}>
          {REQUEST_STATUSES.map((status) => (
            <option key={status} value={status}>
              {t(`requests.status.${status}`)}
            </option>
          ))}
        </select>
      </label>
      <div className="row">
        <Counted
          counted={counted}
          words={(more, values) => t(more ? "requests.grantCountAtLeast" : "requests.grantCount", values)}
        />
        <ExportMenu
          label={t("requests.grantExport")}
          address={(format) => grantRequestExportAddress(search, format)}
          limit={t("requests.grantExportLimit")}
        />
      </div>
      {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("requests.noGrant")}</p>}
      <ul className={styles.cards}>
        {data?.data.map((each) => (
          <li key={each.id} className="card">
            <GrantRequestCard request={each} group={names.group(each.groupId)} me={me} />
          </li>
        ))}
      </ul>
      {data && <CursorPaging cursor={search.cursor} next={data.next} newest={newest} />}
    </section>
  );
}
