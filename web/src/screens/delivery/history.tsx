/** Who sent the delivery again or cancelled it, and when. */
import { useQuery } from "@tanstack/react-query";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { ToldActs } from "../../parts/told-acts.js";
import styles from "./delivery.module.css";
import { actsQuery, type Delivery } from "./queries.js";

export function History({ delivery: { id } }: { delivery: Delivery }) {
  const { data, error, refetch } = useQuery(actsQuery(id));
  return (
    <section className={`card ${styles.section ?? ""}`} aria-labelledby="history">
      <h2 id="history">{t("delivery.history.title")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("delivery.history.none")}</p>}
      {data && <ToldActs acts={data.data} words={(act) => t(`delivery.history.${act}`)} />}
    </section>
  );
}
