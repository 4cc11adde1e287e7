/** For each endpoint that this person sees: whether it got the event, and the reason if it did not. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Icon } from "../../parts/icon.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { StatusText } from "../../parts/status-text.js";
import { TimeText } from "../../parts/time-text.js";
import { type Names, useNames } from "../../parts/names.js";
import scroll from "../../parts/rows/scroll-table.module.css";
import styles from "./events.module.css";
import { SendDialog } from "./send-dialog.js";
import { routingQuery, type RoutingRow, routingTodayQuery } from "./queries.js";
import { Today } from "./today.js";

export function RoutingTable({ id }: { id: string }) {
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(
    routingQuery(id),
  );
  const rows = data?.pages.flatMap((page) => page.data) ?? [];
  const names = useNames(rows.map(({ subscriptionId }) => subscriptionId));
  const first = data?.pages[0];
  const [looksCloser, setLooksCloser] = useState(false);
  const today = useQuery({
    ...routingTodayQuery(id, data?.pages.length ?? 0),
    enabled: looksCloser && data !== undefined,
  });
  return (
    <section className={styles.section} aria-labelledby="routing">
      <h2 id="routing">{t("event.routing.title")}</h2>
      {isPending && <Skeleton />}
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {first && (
        <p className="quiet">
          {first.type} ·{" "}
          {first.dispatchedAt === undefined ? (
            t("event.routing.notRecorded")
          ) : (
            <>
              {t("event.routing.recordedAt")} <TimeText at={first.dispatchedAt} />
            </>
          )}
        </p>
      )}
      {first?.complete === false && <p>{t("event.routing.incomplete")}</p>}
      {data && rows.length === 0 && <p>{t("event.routing.none")}</p>}
      {rows.some(({ deliveryId }) => deliveryId === undefined) && !looksCloser && (
        <div>
          <button type="button" className="button quiet" onClick={() => setLooksCloser(true)}>
            {t("event.today.act")}
          </button>
        </div>
      )}
      <p role="status" className="quiet">
        {today.data && t("event.today.shown")}
      </p>
      {today.error && <ProblemNotice error={today.error} again={() => void today.refetch()} />}
      {rows.length > 0 && <Rows eventId={id} rows={rows} today={today.data} names={names} />}
      {hasNextPage && (
        <button
          type="button"
          className="button quiet"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {t("event.routing.more")}
        </button>
      )}
    </section>
  );
}

interface RowsProps {
  eventId: string;
  rows: readonly RoutingRow[];
  /** The same endpoints with the settings of today, once that is asked for. */
  today: readonly RoutingRow[] | undefined;
  names: Names;
}

function Rows({ eventId, rows, today, names }: RowsProps) {
  const { role } = useMe();
  const [asked, setAsked] = useState<string>();
  const mayDoSo = mayDo(role, "recoveries:write");
  const todayOf = new Map(today?.map((each) => [each.subscriptionId, each]));
  return (
    <div className={scroll.scroll} role="region" aria-label={t("event.routing.table")} tabIndex={0}>
      <table className={`${scroll.table} ${scroll.stacked}`} aria-label={t("event.routing.title")}>
        <thead>
          <tr>
            <th scope="col">{t("event.routing.endpoint")}</th>
            <th scope="col">{t("event.routing.group")}</th>
            <th scope="col">{t("event.routing.result")}</th>
            <th scope="col">{t("event.routing.why")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.subscriptionId}>
              <td>{names.endpoint(row.subscriptionId)}</td>
              <td>{names.group(row.groupId)}</td>
              <td>
                <Result row={row} />
                {mayDoSo && row.deliveryId === undefined && row.outcome !== "not_addressed" && (
                  <button type="button" className="button quiet" onClick={() => setAsked(row.subscriptionId)}>
                    {t("event.send.act")}
                  </button>
                )}
              </td>
              <td>
                {t(`event.outcome.${row.outcome}`)}
                {row.basis === "now" && <span className="quiet"> {t("event.routing.asOfNow")}</span>}
                {row.deliveryId === undefined && <Today row={todayOf.get(row.subscriptionId)} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {asked !== undefined && (
        <SendDialog
          eventId={eventId}
          subscriptionId={asked}
          endpoint={names.endpoint(asked)}
          close={() => setAsked(undefined)}
        />
      )}
    </div>
  );
}

function Result({ row: { deliveryId, status } }: { row: RoutingRow }) {
  if (deliveryId === undefined || status === undefined)
    return (
      <span className="row">
        <Icon name="off" /> {t("event.routing.noDelivery")}
      </span>
    );
  return (
    <span className="row">
      <StatusText status={status} />
      <Link to="/deliveries/$id" params={{ id: deliveryId }}>
        {t("event.routing.delivery")}
      </Link>
    </span>
  );
}
