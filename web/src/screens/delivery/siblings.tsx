/** The same event at other endpoints: whether it is the event or this endpoint. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { StatusText } from "../../parts/status-text.js";
import { useNames } from "../../parts/names.js";
import styles from "./delivery.module.css";
import { type Delivery, siblingsQuery } from "./queries.js";

export function Siblings({ delivery }: { delivery: Delivery }) {
  const { data, error, refetch } = useQuery(siblingsQuery(delivery.eventId));
  const others = data?.data.filter(({ id }) => id !== delivery.id) ?? [];
  const names = useNames(others.map(({ subscriptionId }) => subscriptionId));
  return (
    <section className={styles.section} aria-labelledby="siblings">
      <h2 id="siblings">{t("delivery.siblings.title")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {data && others.length === 0 && <p className="quiet">{t("delivery.siblings.none")}</p>}
      <ul className={styles.siblings}>
        {others.map(({ id, status, subscriptionId, attemptCount }) => (
          <li key={id}>
            <StatusText status={status} />
            <Link to="/deliveries/$id" params={{ id }}>
              {names.endpoint(subscriptionId)}
            </Link>
            <span className="quiet">{t("delivery.siblings.attempts", { count: attemptCount })}</span>
          </li>
        ))}
      </ul>
      <p>
        <Link to="/events/$id" params={{ id: delivery.eventId }}>
          {t("delivery.siblings.routing")}
        </Link>
      </p>
    </section>
  );
}
