/** How the endpoint does: the verdict in words, the figures, what waits, and the last changes of status. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LOCALE, t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import notice from "../../parts/notice.module.css";
import { ActorNames } from "../../parts/actor-names.js";
import { Outcome } from "../../parts/outcome.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { type Health, healthQuery, type Subscription } from "../../parts/subscription/model.js";
import { HealthText } from "../../parts/subscription/state-text.js";
import { TimeText } from "../../parts/time-text.js";
import scroll from "../../parts/rows/scroll-table.module.css";
import { formatDuration } from "../../time/format.js";
import { Breaker } from "./breaker.js";
import { HealthCharts } from "./health-charts.js";
import { toldActsQuery } from "./queries.js";
import styles from "./subscription.module.css";
import { numberFormat } from "../../time/formatters.js";

const AGAIN_MS = 15_000;
const TONES = { healthy: "info", degraded: "warn", failing: "bad", recovering: "warn", disabled: "bad" } as const;

export function HealthTab({ subscription }: { subscription: Subscription }) {
  const { data: health, error, refetch } = useQuery({ ...healthQuery(subscription.id), refetchInterval: AGAIN_MS });
  return (
    <>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {health ? <Told health={health} subscription={subscription} /> : !error && <Skeleton />}
      <HealthCharts subscriptionId={subscription.id} />
      <Changes subscription={subscription} />
    </>
  );
}

function Told({ health, subscription }: { health: Health; subscription: Subscription }) {
  const { state, reason, lastSuccess, lastFailure, day } = health;
  const sent = day.attempts + day.refused;
  return (
    <>
      <section className={notice[TONES[state]]} aria-label={t("subscriptions.column.health")}>
        <p className="row">
          <HealthText state={state} attempts={sent} />
          <span>{reason ?? t(sent === 0 ? "health.nothingSentLong" : saidOf(health))}</span>
        </p>
        <Breaker health={health} subscription={subscription} />
        {lastFailure && (
          <p>
            {t("health.lastFailure")} <TimeText at={lastFailure.at} />{" "}
            <Outcome outcome={lastFailure.outcome} status={lastFailure.status} />
          </p>
        )}
        {lastSuccess && (
          <p>
            {t("health.lastSuccess")} <TimeText at={lastSuccess.at} />
          </p>
        )}
      </section>
      <Figures health={health} />
      <Waiting health={health} id={subscription.id} />
    </>
  );
}

/** Of an endpoint that is healthy. One that only refuses what is sent takes nothing. */
const saidOf = ({ day }: Health) => (day.attempts === 0 ? "health.refusedLong" : "health.healthyLong");

const percentOf = (value: number): string =>
  numberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 }).format(value);
const orNone = (value: number | undefined, shown: (value: number) => string): string =>
  value === undefined ? t("health.noFigure") : shown(value);
const msOf = (value: number): string => formatDuration(value, LOCALE);

function Figures({ health: { hour, day } }: { health: Health }) {
  const rows = [
    [t("health.successRate"), orNone(hour.successRate, percentOf), orNone(day.successRate, percentOf)],
    [t("health.attempts"), numberOf(hour.attempts), numberOf(day.attempts)],
    [t("health.failed"), numberOf(hour.failed), numberOf(day.failed)],
    [t("health.refused"), numberOf(hour.refused), numberOf(day.refused)],
    [t("health.p50"), orNone(hour.p50Ms, msOf), orNone(day.p50Ms, msOf)],
    [t("health.p95"), orNone(hour.p95Ms, msOf), orNone(day.p95Ms, msOf)],
  ] as const;
  return (
    <section className={styles.section} aria-labelledby="figures">
      <h2 id="figures">{t("health.figures")}</h2>
      <div className={scroll.scroll} role="group" aria-label={t("health.figures")} tabIndex={0}>
        <table className={scroll.table} aria-labelledby="figures">
          <thead>
            <tr>
              <th scope="col">{t("health.figure")}</th>
              <th scope="col">{t("health.hour")}</th>
              <th scope="col">{t("health.day")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, inHour, inDay]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{inHour}</td>
                <td>{inDay}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="quiet">{t("health.counted")}</p>
      {!day.complete && (
        <p className="quiet">
          {t("health.since")} <TimeText at={day.since} />
        </p>
      )}
    </section>
  );
}

const WAITING = ["pending", "retrying", "throttled", "held"] as const;

function Waiting({ health: { waiting, parked, waitingExact }, id }: { health: Health; id: string }) {
  const statuses = WAITING.filter((status) => waiting[status] > 0);
  return (
    <section className={styles.section} aria-labelledby="waiting">
      <h2 id="waiting">{t("health.waiting")}</h2>
      {statuses.length === 0 && <p>{t("health.nothingWaits")}</p>}
      <ul className={styles.list}>
        {statuses.map((status) => (
          <li key={status}>
            <Link to="/deliveries" search={{ subscription: id, status }}>
              {t(`status.${status}`)}
            </Link>
            : {numberOf(waiting[status])}
          </li>
        ))}
      </ul>
      {parked > 0 && (
        <p>
          {t("health.parked")}{" "}
          <Link to="/deliveries" search={{ subscription: id, status: "parked" }}>
            {t("status.parked")}
          </Link>
          : {numberOf(parked)}
        </p>
      )}
      {!waitingExact && <p className="quiet">{t("health.notExact")}</p>}
    </section>
  );
}

function Changes({ subscription: { id, history } }: { subscription: Subscription }) {
  // The acts have the names. Until they are here, the ids of the audit stand for them.
  const acts = useQuery({ ...toldActsQuery(id), enabled: history.some(({ by }) => by?.startsWith("person:")) });
  const names = new Map(acts.data?.data.map(({ by, name }) => [by, name]));
  if (history.length === 0) return null;
  return (
    <section className={styles.section} aria-labelledby="changes">
      <h2 id="changes">{t("subscription.changes")}</h2>
      <ol className={styles.list}>
        {history.map(({ from, to, at, by, role, reason }) => (
          <li key={`${at}${to}`}>
            <TimeText at={at} /> {t(`subscriptionStatus.${from}`)} → {t(`subscriptionStatus.${to}`)},{" "}
            <span className={styles.by}>
              {by ? (
                <ActorNames actors={[{ id: by, name: names.get(by) }]} />
              ) : (
                t(role ? `roles.${role}` : "acts.another")
              )}
            </span>
            {reason !== undefined && `: ${reason}`}
          </li>
        ))}
      </ol>
    </section>
  );
}
