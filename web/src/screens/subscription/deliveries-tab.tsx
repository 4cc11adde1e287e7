/** The last deliveries to this endpoint, and the way to all of them. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { t } from "../../i18n/index.js";
import { Outcome } from "../../parts/outcome.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { StatusText } from "../../parts/status-text.js";
import { TimeText } from "../../parts/time-text.js";
import { lastDeliveriesQuery } from "./queries.js";
import styles from "./subscription.module.css";

export function DeliveriesTab({ subscriptionId }: { subscriptionId: string }) {
  const { data, error, refetch } = useQuery(lastDeliveriesQuery(subscriptionId));
  return (
    <section className={styles.section} aria-labelledby="last">
      <h2 id="last">{t("subscription.lastDeliveries")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("subscription.noDeliveries")}</p>}
      <ul className={styles.deliveries}>
        {data?.data.map(({ id, status, eventType, createdAt, lastOutcome, lastStatus }) => (
          <li key={id}>
            <StatusText status={status} />
            <Link to="/deliveries/$id" params={{ id }} preload={false}>
              {eventType}
            </Link>
            <TimeText at={createdAt} />
            {lastOutcome !== undefined && <Outcome outcome={lastOutcome} status={lastStatus} />}
          </li>
        ))}
      </ul>
      <p>
        <Link to="/deliveries" search={{ subscription: subscriptionId }} className="button quiet">
          {t("subscription.allDeliveries")}
        </Link>
      </p>
    </section>
  );
}
