/** What the counters tell of the window: how many attempts succeed, whose fault the others are, and who is slow. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { LOCALE, t } from "../../i18n/index.js";
import { Chart } from "../../parts/chart/chart.js";
import { shareOf } from "../../parts/chart/figures.js";
import { useNames } from "../../parts/names.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { statsQuery, type StatsWindow } from "../../parts/stats/stats.js";
import type { KeptSearch } from "../../search-parameters.js";
import { formatDuration } from "../../time/format.js";
import { useZone } from "../../time/zone.js";
import { Card } from "./cards.js";
import { numberOf } from "../../i18n/number.js";
import styles from "./overview.module.css";

interface ChartsProps {
  window: StatsWindow;
  kept: KeptSearch;
}

const NO_VALUES: readonly number[] = [];
const FAULTS = ["endpoint", "settings", "ours"] as const;
const MOST_SLOW = 5;

export default function OverviewCharts({ window, kept }: ChartsProps) {
  const zone = useZone();
  const { data, error, refetch } = useQuery(
    statsQuery({ metric: "attempts", groupBy: "fault", groupId: kept.group, apiId: kept.api }, window),
  );
  const charts = useMemo(() => {
    if (!data) return undefined;
    const of = (key: string) => data.series.find((each) => each.key === key);
    const valuesOf = (key: string) => of(key)?.values ?? data.times.map(() => 0);
    const failed = valuesOf("endpoint").map((value, at) => value + (valuesOf("settings")[at] ?? 0));
    const succeeded = valuesOf("nobody");
    const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
    const [all, good] = [sum(succeeded) + sum(failed), sum(succeeded)];
    const whole = all === 0 ? undefined : good / all;
    return {
      times: data.times,
      rate: [{ key: "rate", label: t("overview.accepted"), values: shareOf(succeeded, failed), tone: "good", whole }],
      volume: [
        { key: "nobody", label: t("overview.fault.nobody"), values: succeeded, tone: "good" },
        { key: "endpoint", label: t("overview.fault.endpoint"), values: valuesOf("endpoint"), tone: "bad" },
        { key: "settings", label: t("overview.fault.settings"), values: valuesOf("settings"), tone: "warn" },
        { key: "ours", label: t("overview.fault.ours"), values: valuesOf("ours"), tone: "acting" },
      ],
      totals: FAULTS.map((fault) => ({ fault, total: sum(of(fault)?.values ?? NO_VALUES) })),
    } as const;
  }, [data]);
  return (
    <>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!charts && !error && <Skeleton />}
      {charts && (
        <div className={styles.cards}>
          <section className="card" aria-label={t("overview.accepted")}>
            <Chart title={t("overview.accepted")} {...charts} series={charts.rate} unit="percent" zone={zone} />
            <Link to="/deliveries" search={{ ...kept, status: "delivered", since: `-${window}` }}>
              {t("overview.toDelivered")}
            </Link>
          </section>
          <section className="card" aria-label={t("overview.attempts")}>
            <Chart title={t("overview.attempts")} {...charts} series={charts.volume} unit="count" zone={zone} />
            <Link to="/deliveries" search={{ ...kept, since: `-${window}` }}>
              {t("overview.toAll")}
            </Link>
          </section>
          <FaultTotals totals={charts.totals} window={window} kept={kept} />
          <Slowest window={window} kept={kept} />
        </div>
      )}
    </>
  );
}

interface FaultTotalsProps extends ChartsProps {
  totals: readonly { fault: (typeof FAULTS)[number]; total: number }[];
}

/** Each leads to the deliveries whose newest attempt failed so. What was delivered since is not among them. */
function FaultTotals({ totals, window, kept }: FaultTotalsProps) {
  return (
    <Card id="fault" title={t("overview.whoseFault")}>
      <dl className={styles.rows}>
        {totals.map(({ fault, total }) => (
          <div key={fault} className={styles.row} data-some={total > 0 || undefined}>
            <dt>
              {total > 0 ? (
                <Link to="/deliveries" search={{ ...kept, fault, since: `-${window}` }}>
                  {t(`overview.fault.${fault}`)}
                </Link>
              ) : (
                t(`overview.fault.${fault}`)
              )}
            </dt>
            <dd>{numberOf(total)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Slowest({ window, kept }: ChartsProps) {
  const { data } = useQuery(
    statsQuery({ metric: "latency", groupBy: "subscription", groupId: kept.group, apiId: kept.api }, window),
  );
  const slowest = (data?.series ?? [])
    .flatMap(({ key, p95Ms }) => (p95Ms === undefined || key === "other" ? [] : [{ id: key, p95Ms }]))
    .sort((a, b) => b.p95Ms - a.p95Ms)
    .slice(0, MOST_SLOW);
  const names = useNames(slowest.map(({ id }) => id));
  return (
    <Card id="slowest" title={t("overview.slowest")}>
      {slowest.length === 0 && <p className="quiet">{t("overview.nothingAnswered")}</p>}
      <dl className={styles.rows}>
        {slowest.map(({ id, p95Ms }) => (
          <div key={id} className={styles.row} data-some>
            <dt>
              <Link to="/subscriptions/$id" params={{ id }} search={kept}>
                {names.endpoint(id)}
              </Link>
            </dt>
            <dd>{formatDuration(p95Ms, LOCALE)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
