/** One recovery: how far it is, what was left out and why, and what can be done about it. */
import { Link } from "@tanstack/react-router";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import { ActorNames } from "../../parts/actor-names.js";
import { Page } from "../../parts/page.js";
import { isOpen, mostFailAgain, type Recovery, searchOf, unsentOf } from "../../parts/recovery/model.js";
import { ProgressBar, speedText, timeLeftText } from "../../parts/recovery/progress.js";
import { FilterWords, RecoveryStatusText } from "../../parts/recovery/recovery-text.js";
import card from "../../parts/recovery/recovery.module.css";
import { ReleaseCard } from "../../parts/recovery/release-card.js";
import { TimeText } from "../../parts/time-text.js";
import styles from "./recoveries.module.css";
import { RecoveryActs } from "./recovery-acts.js";
import { RecoveryHistory } from "./recovery-history.js";

export function RecoveryPage({ recovery }: { recovery: Recovery }) {
  return (
    <Page title={t("recoveries.one")} beside={<RecoveryStatusText status={recovery.status} />}>
      <div className={styles.screen}>
        <p>
          <FilterWords filter={recovery.filter} />
        </p>
        <ReleaseCard recovery={recovery} />
        <Ended recovery={recovery} />
        {isOpen(recovery) && mostFailAgain(recovery) && (
          <p className={card.warning} role="status">
            {t("recoveries.mostFail")}
          </p>
        )}
        <RecoveryActs recovery={recovery} />
        <Progress recovery={recovery} />
        <Skipped recovery={recovery} />
        <Facts recovery={recovery} />
        <RecoveryHistory recovery={recovery} />
      </div>
    </Page>
  );
}

/** How it ended, where that is no success. The sentence of a cancelled one speaks of the workflow's own reading. */
function Ended({ recovery }: { recovery: Recovery }) {
  if (recovery.status === "cancelled") {
    const unsent = unsentOf(recovery);
    const { startedAt } = recovery;
    if (startedAt === undefined) return null;
    return (
      <p className={card.warning}>
        {unsent === 0 ? t("recoveries.cancelledAll") : t("recoveries.cancelledRest", { count: unsent })}
      </p>
    );
  }
  return recovery.error === undefined ? null : <p className={card.warning}>{recovery.error}</p>;
}

function Progress({ recovery }: { recovery: Recovery }) {
  const { sent, delivered, failedAgain, underWay } = recovery.progress;
  const speed = speedText(recovery);
  const left = timeLeftText(recovery);
  return (
    <section className="card" aria-labelledby="progress">
      <h2 id="progress">{t("recoveries.column.progress")}</h2>
      <ProgressBar recovery={recovery} />
      <dl className="facts">
        <dt>{t("recover.sent")}</dt>
        <dd>{numberOf(sent)}</dd>
        <dt>{t("recover.delivered")}</dt>
        <dd>{numberOf(delivered)}</dd>
        <dt>{t("recover.failedAgain")}</dt>
        <dd>
          {numberOf(failedAgain)}
          {failedAgain > 0 && (
            <>
              {" "}
              <Link to="/deliveries" search={failedSearchOf(recovery)}>
                {t("recoveries.lookAtFailed")}
              </Link>
            </>
          )}
        </dd>
        <dt>{t("recoveries.underWay")}</dt>
        <dd>{numberOf(underWay)}</dd>
        {recovery.status === "running" && speed && (
          <>
            <dt>{t("recoveries.column.speed")}</dt>
            <dd>{speed}</dd>
          </>
        )}
        {left && (
          <>
            <dt>{t("recoveries.column.left")}</dt>
            <dd>{left}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** What of the filter still waits for a person. */
function failedSearchOf(recovery: Recovery) {
  const { mode: _mode, ...search } = searchOf(recovery);
  return { ...search, status: "parked,exhausted,retrying" };
}

const SKIP_REASONS = [
  "changed",
  "erased",
  "filtered",
  "not_granted",
  "not_subscribed",
  "subscription_deleted",
  "subscription_not_in_service",
  "under_way",
] as const;

function Skipped({ recovery }: { recovery: Recovery }) {
  const { progress, status } = recovery;
  const gone = status === "done" ? unsentOf(recovery) : 0;
  const reasons = SKIP_REASONS.flatMap((reason) => {
    const count = progress.skipped[reason] ?? 0;
    return count > 0 ? [[reason, count] as const] : [];
  });
  if (reasons.length === 0 && gone === 0) return null;
  return (
    <section className="card" aria-labelledby="skipped">
      <h2 id="skipped">{t("recoveries.skipped")}</h2>
      <ul className={card.counts}>
        {reasons.map(([reason, count]) => (
          <li key={reason}>
            {numberOf(count)}: {t(`recoveries.skip.${reason}`)}
          </li>
        ))}
        {gone > 0 && (
          <li>
            {numberOf(gone)}: {t("recoveries.goneMeanwhile")}
          </li>
        )}
      </ul>
    </section>
  );
}

function TimeFact({ name, at }: { name: string; at: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <TimeText at={at} />
      </dd>
    </>
  );
}

function Facts({ recovery }: { recovery: Recovery }) {
  const me = useMe();
  const { id, createdBy, createdAt, startedAt, updatedAt, reason, ratePerSecond, order, release, count } = recovery;
  const whom = (who: string, name: string | undefined) =>
    who === me.id ? t("recoveries.you") : <ActorNames actors={[{ id: who, name }]} />;
  return (
    <section className="card" aria-labelledby="facts">
      <h2 id="facts">{t("recoveries.facts")}</h2>
      <dl className="facts">
        <dt>{t("recoveries.id")}</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>{t("recoveries.column.by")}</dt>
        <dd>
          {whom(createdBy, recovery.createdByName)} <TimeText at={createdAt} />
        </dd>
        {reason !== undefined && (
          <>
            <dt>{t("requests.reason")}</dt>
            <dd>{reason}</dd>
          </>
        )}
        {count !== undefined && (
          <>
            <dt>{t("recoveries.counted")}</dt>
            <dd>{numberOf(count)}</dd>
          </>
        )}
        {ratePerSecond !== undefined && (
          <>
            <dt>{t("recover.rate")}</dt>
            <dd>{numberOf(ratePerSecond)}</dd>
          </>
        )}
        <dt>{t("recoveries.order")}</dt>
        <dd>{t(order === "asc" ? "recoveries.oldestFirst" : "recoveries.newestFirst")}</dd>
        {release?.decidedBy !== undefined && release.decidedAt !== undefined && (
          <>
            <dt>{t("requests.decidedBy")}</dt>
            <dd>
              {whom(release.decidedBy, release.decidedByName)} <TimeText at={release.decidedAt} /> {release.reason}
            </dd>
          </>
        )}
        {startedAt !== undefined && <TimeFact name={t("recoveries.startedAt")} at={startedAt} />}
        <TimeFact name={t("recoveries.updatedAt")} at={updatedAt} />
      </dl>
    </section>
  );
}
