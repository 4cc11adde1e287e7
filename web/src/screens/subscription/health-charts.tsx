/** How the endpoint did over time: what became of the attempts, how long answers took, and how much was sent. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { t } from "../../i18n/index.js";
import { Chart } from "../../parts/chart/chart.js";
import type { ChartSeries } from "../../parts/chart/figures.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { statsQuery, type StatsOrder, type StatsWindow } from "../../parts/stats/stats.js";
import { WindowSwitch } from "../../parts/stats/window-switch.js";
import { STATUSES } from "../deliveries/filters/filters.js";
import { useZone } from "../../time/zone.js";
import styles from "./subscription.module.css";

export function HealthCharts({ subscriptionId }: { subscriptionId: string }) {
  const [window, setWindow] = useState<StatsWindow>("24h");
  const of = { subscriptionId, window };
  return (
    <section className={styles.section} aria-labelledby="over-time">
      <div className="row">
        <h2 id="over-time">{t("health.overTime")}</h2>
        <WindowSwitch value={window} choose={setWindow} />
      </div>
      <Counts {...of} title={t("health.byOutcome")} metric="attempts" groupBy="outcome" />
      <Latency {...of} />
      <Counts {...of} title={t("health.byStatus")} metric="deliveries" groupBy="status" />
    </section>
  );
}

/** A status in words. What is none of ours stays as it is. */
function wordsOf(key: string): string {
  if (key === "other") return t("chart.other");
  const status = STATUSES.find((each) => each === key);
  return status ? t(`status.${status}`) : key;
}

interface OfWindow {
  subscriptionId: string;
  window: StatsWindow;
}

function Counts({ window, title, ...order }: OfWindow & Pick<StatsOrder, "metric" | "groupBy"> & { title: string }) {
  const { data, error, refetch } = useQuery(statsQuery(order, window));
  const zone = useZone();
  const series = useMemo(
    () =>
      data?.series.map(({ key, label, values = [] }): ChartSeries => {
        return { key, label: label ?? wordsOf(key), values, ...(key === "delivered" && { tone: "good" }) };
      }),
    [data],
  );
  if (error) return <ProblemNotice error={error} again={() => void refetch()} />;
  if (!data || !series) return <Skeleton />;
  return <Chart title={title} times={data.times} series={series} unit="count" zone={zone} />;
}

function Latency({ subscriptionId, window }: OfWindow) {
  const { data, error, refetch } = useQuery(statsQuery({ metric: "latency", subscriptionId }, window));
  const zone = useZone();
  const series = useMemo((): ChartSeries[] => {
    const all = data?.series[0];
    return [
      { key: "p50", label: t("health.p50"), values: all?.p50 ?? [], whole: all?.p50Ms },
      { key: "p95", label: t("health.p95"), values: all?.p95 ?? [], whole: all?.p95Ms },
    ];
  }, [data]);
  if (error) return <ProblemNotice error={error} again={() => void refetch()} />;
  if (!data) return <Skeleton />;
  return <Chart title={t("health.latency")} times={data.times} series={series} unit="milliseconds" zone={zone} />;
}
