/** The attempts as a time line, the newest first. Each opens to what was sent and what came back. */
import { useState } from "react";
import { LOCALE, t } from "../../i18n/index.js";
import { TimeText } from "../../parts/time-text.js";
import { formatDuration } from "../../time/format.js";
import { Outcome } from "../../parts/outcome.js";
import { AttemptDetail } from "./attempt-detail.js";
import { Compare } from "./compare.js";
import styles from "./delivery.module.css";
import type { Delivery } from "./queries.js";

/** So many are shown at first. A delivery has at most 100. */
const SHOWN = 10;

export function Attempts({ delivery }: { delivery: Delivery }) {
  const [all, setAll] = useState(false);
  const [comparing, setComparing] = useState(false);
  const newest = delivery.attempts.toReversed();
  const shown = all ? newest : newest.slice(0, SHOWN);
  return (
    <section className={styles.section} aria-labelledby="attempts">
      <div className={styles.sectionHead}>
        <h2 id="attempts">{t("delivery.attempts.title", { count: newest.length })}</h2>
        {newest.length > 1 && (
          <button
            type="button"
            className="button quiet"
            aria-expanded={comparing}
            onClick={() => setComparing(!comparing)}
          >
            {t(comparing ? "delivery.compare.close" : "delivery.compare.open")}
          </button>
        )}
      </div>
      {comparing && <Compare attempts={delivery.attempts} />}
      {newest.length === 0 && <p className="quiet">{t("delivery.attempts.none")}</p>}
      <ol className={styles.timeline} reversed>
        {shown.map((attempt, index) => (
          <li key={attempt.number} className={styles.attempt}>
            <details open={index === 0}>
              <summary>
                <span className={styles.number}>{t("delivery.attempts.number", { number: attempt.number })}</span>
                <Outcome outcome={attempt.outcome} status={attempt.status} />
                <span className={styles.explanation}>{attempt.explanation ?? attempt.outcome}</span>
                <span className="quiet">{formatDuration(attempt.durationMs, LOCALE)}</span>
              </summary>
              <p className={styles.when}>
                <TimeText at={attempt.at} />
              </p>
              <AttemptDetail deliveryId={delivery.id} attempt={attempt} />
            </details>
          </li>
        ))}
      </ol>
      {shown.length < newest.length && (
        <button type="button" className="button quiet" onClick={() => setAll(true)}>
          {t("delivery.attempts.all", { count: newest.length })}
        </button>
      )}
    </section>
  );
}
