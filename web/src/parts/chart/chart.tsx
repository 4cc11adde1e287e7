/**
 * Lines over time, with the table of the same figures. A screen reader always has the table. Everybody else asks for
 * it. The drawing is loaded when a chart is first shown.
 */
import { type ComponentType, lazy, Suspense, useId, useState } from "react";
import { LOCALE, t } from "../../i18n/index.js";
import { formatTime, type Zone } from "../../time/format.js";
import { type ChartSeries, type ChartUnit, dashOf, formatFigure, isBlank, toneOf, wholeOf } from "./figures.js";
import type { PlotProps } from "./plot.js";
import styles from "./chart.module.css";

interface ChartProps {
  title: string;
  /** Instants, oldest first. Each is the beginning of a part of the time. */
  times: readonly string[];
  series: readonly ChartSeries[];
  unit: ChartUnit;
  zone: Zone;
  /** Said instead of the chart where there is nothing to draw. */
  blank?: string;
}

const Plot = lazy(async (): Promise<{ default: ComponentType<PlotProps> }> => {
  try {
    return await import("./plot.js");
  } catch {
    return { default: NotLoaded };
  }
});

function NotLoaded() {
  return <p className="quiet">{t("chart.notLoaded")}</p>;
}

export function Chart({ title, times, series, unit, zone, blank }: ChartProps) {
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  const [at, setAt] = useState<number>();
  const isEmpty = isBlank(series, unit);
  const point = at === undefined ? undefined : times[at];
  return (
    <figure className={styles.chart} aria-labelledby={id}>
      <figcaption className={styles.head}>
        <span id={id} className={styles.title}>
          {title}
        </span>
        {!isEmpty && (
          <button type="button" className={styles.switch} onClick={() => setAsTable(!asTable)}>
            {t(asTable ? "chart.asChart" : "chart.asTable")}
            <span className="unseen"> {title}</span>
          </button>
        )}
      </figcaption>
      {isEmpty && <p className="quiet">{blank ?? t("chart.blank")}</p>}
      {!isEmpty && !asTable && (
        <>
          <Suspense fallback={<div className={styles.plot} aria-busy="true" />}>
            <Plot label={title} times={times} series={series} unit={unit} zone={zone} at={at} setAt={setAt} />
          </Suspense>
          <Legend series={series} unit={unit} at={point === undefined ? undefined : at} />
          <p className={styles.point}>{point === undefined ? t("chart.whole") : formatTime(point, zone, LOCALE)}</p>
        </>
      )}
      {!isEmpty && <FigureTable times={times} series={series} unit={unit} zone={zone} title={title} shown={asTable} />}
    </figure>
  );
}

interface LegendProps {
  series: readonly ChartSeries[];
  unit: ChartUnit;
  at: number | undefined;
}

/** Which line is which, with its figure at the point that is looked at, else of the whole time. */
function Legend({ series, unit, at }: LegendProps) {
  return (
    <ul className={styles.legend}>
      {series.map((each, place) => {
        const value = at === undefined ? wholeOf(each, unit) : each.values[at];
        return (
          <li key={each.key}>
            <svg className={styles[toneOf(each, place)]} width="26" height="8" aria-hidden="true" focusable="false">
              <line
                x1="0"
                x2="26"
                y1="4"
                y2="4"
                stroke="currentColor"
                strokeWidth="2.5"
                strokeDasharray={dashOf(place).join(" ") || undefined}
              />
            </svg>
            {each.label}
            {value !== undefined && (
              <strong>{value === null ? t("health.noFigure") : formatFigure(value, unit, LOCALE)}</strong>
            )}
          </li>
        );
      })}
    </ul>
  );
}

type FigureTableProps = Pick<ChartProps, "title" | "times" | "series" | "unit" | "zone"> & { shown: boolean };

function FigureTable({ title, times, series, unit, zone, shown }: FigureTableProps) {
  return (
    <div
      className={shown ? styles.scroll : "unseen"}
      {...(shown && { role: "group", tabIndex: 0, "aria-label": title })}
    >
      <table className={styles.table} aria-label={title}>
        <thead>
          <tr>
            <th scope="col">{t("chart.time")}</th>
            {series.map(({ key, label }) => (
              <th key={key} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, at) => (
            <tr key={time}>
              <th scope="row">{formatTime(time, zone, LOCALE)}</th>
              {series.map(({ key, values }) => {
                const value = values[at] ?? null;
                return <td key={key}>{value === null ? t("health.noFigure") : formatFigure(value, unit, LOCALE)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
