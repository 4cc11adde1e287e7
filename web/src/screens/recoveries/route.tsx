/** One recovery, by its address. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { t } from "../../i18n/index.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { useLiveRecoveries } from "../../parts/recovery/live.js";
import { recoveryQuery } from "../../parts/recovery/queries.js";
import { Skeleton } from "../../parts/skeleton.js";
import { RecoveryPage } from "./recovery.js";

export function RecoveryRoute() {
  const { id } = useParams({ from: "/recoveries/$id" });
  const { data, error, refetch } = useQuery(recoveryQuery(id, useLiveRecoveries()));
  if (data) return <RecoveryPage recovery={data} />;
  return (
    <Page title={t("recoveries.one")}>
      {error ? <ProblemNotice error={error} again={() => void refetch()} /> : <Skeleton />}
    </Page>
  );
}
