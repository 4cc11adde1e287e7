/** Why a delivery is as it is, in one sentence. Also whose side can end it, and what to do. */
import { t } from "../../i18n/index.js";
import { Icon } from "../../parts/icon.js";
import notice from "../../parts/notice.module.css";
import { StatusText } from "../../parts/status-text.js";
import { TimeText } from "../../parts/time-text.js";
import styles from "./delivery.module.css";
import type { Attempt, Delivery } from "./queries.js";

export function Why({ delivery }: { delivery: Delivery }) {
  const last = delivery.attempts.at(-1);
  const { status, nextAttemptAt } = delivery;
  return (
    <section className={notice[toneOf(delivery)]} aria-labelledby="why">
      <h2 id="why" className={styles.why}>
        <StatusText status={status} /> <span>{sentenceOf(delivery, last)}</span>
      </h2>
      {last?.fault && last.fault !== "nobody" && status !== "delivered" && (
        <p className={styles.fault}>
          <Icon name={last.fault === "ours" ? "again" : "stop"} />
          <strong>{t(`delivery.fault.${last.fault}`)}</strong>
        </p>
      )}
      {status !== "delivered" && (last?.detail?.hint ?? last?.advice) !== undefined && (
        <p>
          {t("delivery.toDo")} {last?.detail?.hint ?? last?.advice}
        </p>
      )}
      {nextAttemptAt !== undefined && (
        <p>
          {t("delivery.nextAttempt")} <TimeText at={nextAttemptAt} />
        </p>
      )}
    </section>
  );
}

const toneOf = ({ status }: Delivery): "bad" | "warn" | "info" => {
  if (status === "parked" || status === "exhausted") return "bad";
  return status === "retrying" || status === "held" ? "warn" : "info";
};

/** The record's own reason comes first: it also knows what no attempt shows, such as a pause. */
function sentenceOf({ status, reason, attempts }: Delivery, last: Attempt | undefined): string {
  if (status === "delivered") return t("delivery.why.delivered", { count: attempts.length });
  if (reason !== undefined) return reason;
  if (last?.explanation !== undefined) return last.explanation;
  return t(`delivery.why.${status}`);
}
