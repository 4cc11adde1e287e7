/** Who started the recovery, paused it and so on, and when. */
import { useQuery } from "@tanstack/react-query";
import { t } from "../../i18n/index.js";
import type { Recovery } from "../../parts/recovery/model.js";
import { recoveryActsQuery } from "../../parts/recovery/queries.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { ToldActs } from "../../parts/told-acts.js";

export function RecoveryHistory({ recovery: { id, status } }: { recovery: Recovery }) {
  const { data, error, refetch } = useQuery(recoveryActsQuery(id, status));
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history">{t("recoveries.history.title")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("recoveries.history.none")}</p>}
      {data && <ToldActs acts={data.data} words={(act) => t(`recoveries.history.${act}`)} />}
    </section>
  );
}
