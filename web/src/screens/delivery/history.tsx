/** Who sent the delivery again or cancelled it, and when. Of another party one learns the role alone. */
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { ActorNames } from "../../parts/actor-names.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TimeText } from "../../parts/time-text.js";
import styles from "./delivery.module.css";
import { actsQuery, type Delivery } from "./queries.js";

type Done = Schemas["DeliveryActs"]["data"][number];

export function History({ delivery: { id } }: { delivery: Delivery }) {
  const { data, error, refetch } = useQuery(actsQuery(id));
  return (
    <section className={`card ${styles.section ?? ""}`} aria-labelledby="history">
      <h2 id="history">{t("delivery.history.title")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("delivery.history.none")}</p>}
      <ol className={styles.history}>
        {data?.data.map((done) => (
          <li key={`${done.at} ${done.act}`}>
            <TimeText at={done.at} /> {t(`delivery.history.${done.act}`)} <Who done={done} />
            {done.reason !== undefined && <p className="quiet">{done.reason}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Who({ done: { by, name, role } }: { done: Done }) {
  const inRole = role && t(`roles.${role}`);
  if (by === undefined) return <>{inRole ?? t("delivery.history.another")}</>;
  return (
    <>
      <ActorNames actors={[{ id: by, name }]} /> {inRole !== undefined && <span className="quiet">({inRole})</span>}
    </>
  );
}
