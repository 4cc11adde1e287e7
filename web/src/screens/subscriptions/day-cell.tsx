/** The last 24 hours of one subscription, in a cell: its attempts by the hour, and how they went. */
import { Fragment } from "react";
import type { Schemas } from "../../api/client.js";
import { LOCALE, t } from "../../i18n/index.js";
import { formatFigure } from "../../parts/chart/figures.js";
import { SparkLine } from "../../parts/chart/spark-line.js";

/** `day` is absent where the service keeps no counters. */
export function DayCell({ day }: { day: Schemas["SubscriptionDay"] | undefined }) {
  const attempts = day?.values.reduce((all, value) => all + value, 0) ?? 0;
  if (!day || attempts === 0) return <span className="quiet">{t("subscriptions.day.none")}</span>;
  const { values, successRate, refused, p95Ms } = day;
  const count = (value: number): string => formatFigure(value, "count", LOCALE);
  const lines = [
    ...(successRate === undefined
      ? []
      : [t("subscriptions.day.rate", { rate: formatFigure(successRate, "percent", LOCALE) })]),
    ...(refused > 0 ? [t("subscriptions.day.refused", { count: refused, number: count(refused) })] : []),
    ...(p95Ms === undefined ? [] : [t("subscriptions.day.p95", { p95: formatFigure(p95Ms, "milliseconds", LOCALE) })]),
  ];
  return (
    <span>
      <SparkLine
        values={values}
        label={t("subscriptions.day.line", { attempts: count(attempts), most: count(Math.max(...values)) })}
      />
      {lines.map((line) => (
        <Fragment key={line}>
          <br />
          {line}
        </Fragment>
      ))}
    </span>
  );
}
