/** The last 24 hours of one subscription, in a cell: its attempts by the hour, and how they went. */
import type { Schemas } from "../../api/client.js";
import { LOCALE, t } from "../../i18n/index.js";
import { formatFigure } from "../../parts/chart/figures.js";
import { SparkLine } from "../../parts/chart/spark-line.js";

/** `day` is absent where the service keeps no counters. */
export function DayCell({ day }: { day: Schemas["SubscriptionDay"] | undefined }) {
  if (!day || day.successRate === undefined) return <span className="quiet">{t("subscriptions.day.none")}</span>;
  const { values, succeeded, failed, successRate, p95Ms } = day;
  const count = (value: number): string => formatFigure(value, "count", LOCALE);
  return (
    <span>
      <SparkLine
        values={values}
        label={t("subscriptions.day.line", { attempts: count(succeeded + failed), most: count(Math.max(...values)) })}
      />
      <br />
      {t("subscriptions.day.rate", { rate: formatFigure(successRate, "percent", LOCALE) })}
      {p95Ms !== undefined && (
        <>
          <br />
          {t("subscriptions.day.p95", { p95: formatFigure(p95Ms, "milliseconds", LOCALE) })}
        </>
      )}
    </span>
  );
}
