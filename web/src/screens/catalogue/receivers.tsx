/** Who receives an event type. A provider sees its consumers, and a consumer sees the endpoints of its own groups. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { groupsQuery, useMe } from "../../api/queries.js";
import { LOCALE, t } from "../../i18n/index.js";
import { endpointName } from "../../parts/names.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { StateOfHealthText, SubscriptionStatusText } from "../../parts/subscription/state-text.js";
import { numberFormat } from "../../time/formatters.js";
import styles from "./catalogue.module.css";
import { receiversQuery } from "./queries.js";

export function Receivers({ name }: { name: string }) {
  const { role } = useMe();
  const { data, error, refetch } = useQuery(receiversQuery(name));
  const { data: groups } = useQuery(groupsQuery);
  const groupOf = new Map(groups?.data.map((each) => [each.id, each.name]));
  return (
    <section className={styles.section} aria-labelledby="receivers">
      <h2 id="receivers">{t(role === "consumer" ? "catalogue.receivers.own" : "catalogue.receivers.title")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data?.some.length === 0 && <p>{t("catalogue.receivers.none")}</p>}
      <ul className={styles.receivers}>
        {data?.some.map((subscription) => (
          <li key={subscription.id} className="row">
            <Link to="/subscriptions/$id" params={{ id: subscription.id }} preload={false}>
              {endpointName(subscription)}
            </Link>
            <span className="quiet">{groupOf.get(subscription.groupId) ?? subscription.groupId}</span>
            <SubscriptionStatusText subscription={subscription} />
            {subscription.status === "active" && subscription.health.state !== "healthy" && (
              <StateOfHealthText state={subscription.health.state} />
            )}
          </li>
        ))}
      </ul>
      {data && data.some.length < data.counted.count && (
        <p>
          <Link to="/subscriptions" search={{ type: name }}>
            {t("catalogue.receivers.all", { number: numberFormat(LOCALE).format(data.counted.count) })}
          </Link>
        </p>
      )}
    </section>
  );
}
