/** What was done with the subscription and by whom. A consumer learns the role alone of another party. */
import { useQuery } from "@tanstack/react-query";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { ToldActs } from "../../parts/told-acts.js";
import { toldActsQuery } from "./queries.js";
import styles from "./subscription.module.css";

export function ToldHistory({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(toldActsQuery(id));
  return (
    <section className={styles.section} aria-labelledby="history">
      <h2 id="history">{t("subscription.tab.history")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("subscription.noHistory")}</p>}
      {data && <ToldActs acts={data.data} words={(act) => t(`subscription.told.${act}`)} />}
    </section>
  );
}

/** The newest change of its settings: who made it, and when. */
export function LastChange({ id }: { id: string }) {
  const { data } = useQuery(toldActsQuery(id));
  const change = data?.data.find(({ act }) => act === "change");
  return change && <ToldActs acts={[change]} words={(act) => t(`subscription.told.${act}`)} />;
}
