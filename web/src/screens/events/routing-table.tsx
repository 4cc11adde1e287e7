/** For each endpoint that this person sees: whether it got the event, and the reason if it did not. */
import { useInfiniteQuery } from "@tanstack/react-query";
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
import styles from "./events.module.css";
import { SendDialog } from "./send-dialog.js";
import { routingQuery, type RoutingRow } from "./queries.js";

export function RoutingTable({ id }: { id: string }) {
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(
    routingQuery(id),
  );
  const rows = data?.pages.flatMap((page) => page.data) ?? [];
  const names = useNames(rows.map(({ subscriptionId }) => subscriptionId));
  const first = data?.pages[0];
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
      {rows.length > 0 && <Rows eventId={id} rows={rows} names={names} />}
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
  names: Names;
}

function Rows({ eventId, rows, names }: RowsProps) {
  const { role } = useMe();
  const [asked, setAsked] = useState<string>();
  const mayDoSo = mayDo(role, "recoveries:write");
  return (
    <div className={styles.scroll} role="region" aria-label={t("event.routing.table")} tabIndex={0}>
      <table className={styles.table} aria-label={t("event.routing.title")}>
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
