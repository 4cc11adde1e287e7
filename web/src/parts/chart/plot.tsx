/** The drawing of a chart. Its keys walk through the points in time, as those of a slider. */
import { type KeyboardEvent, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { LOCALE, t } from "../../i18n/index.js";
import { formatTime, type Zone } from "../../time/format.js";
import { useAppearance } from "./appearance.js";
import { type ChartSeries, type ChartUnit, formatFigure, pointAfter, toneOf } from "./figures.js";
import { type Colours, optionsOf } from "./plot-options.js";
import styles from "./chart.module.css";

export interface PlotProps {
  label: string;
  times: readonly string[];
  series: readonly ChartSeries[];
  unit: ChartUnit;
  zone: Zone;
  /** The point that is looked at. */
  at: number | undefined;
  setAt: (at: number | undefined) => void;
}

/** A canvas takes no colours from the style sheet, so they are read from elements that do. */
function coloursIn(box: HTMLElement): Colours {
  const found = new Map<string, string>();
  for (const element of box.querySelectorAll<HTMLElement>("[data-colour]"))
    found.set(element.dataset["colour"] ?? "", getComputedStyle(element).color);
  const colour = (name: string): string => found.get(name) ?? "currentColor";
  return { line: (place) => colour(String(place)), text: colour("text"), grid: colour("grid") };
}

export default function Plot({ label, times, series, unit, zone, at, setAt }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<uPlot>(null);
  const pointer = useRef<{ left: number; top: number }>(null);
  const appearance = useAppearance();
  useEffect(() => {
    const target = box.current;
    if (!target) return;
    const data: uPlot.AlignedData = [
      times.map((time) => Date.parse(time) / 1_000),
      ...series.map(({ values }) => [...values]),
    ];
    const given = { series, unit, zone, width: target.clientWidth, onPoint: setAt };
    const made = new uPlot(optionsOf({ ...given, colours: coloursIn(target) }), data, target);
    drawing.current = made;
    // New figures come while somebody points at old ones. What is pointed at stays.
    if (pointer.current) made.setCursor(pointer.current);
    const observer = new ResizeObserver(() => {
      if (target.clientWidth > 0) made.setSize({ width: target.clientWidth, height: made.height });
    });
    observer.observe(target);
    return () => {
      const { left = -1, top = -1 } = made.cursor;
      pointer.current = left < 0 ? null : { left, top };
      observer.disconnect();
      made.destroy();
      drawing.current = null;
    };
  }, [times, series, unit, zone, setAt, appearance]);

  const move = (event: KeyboardEvent) => {
    const to = pointAfter(event.key, at, times.length);
    const made = drawing.current;
    const second = to === undefined ? undefined : made?.data[0][to];
    if (!made || second === undefined) return;
    event.preventDefault();
    made.setCursor({ left: made.valToPos(second, "x"), top: 0 });
  };
  const shown = Math.max(Math.min(at ?? times.length - 1, times.length - 1), 0);
  return (
    <div
      ref={box}
      className={styles.plot}
      role="slider"
      tabIndex={0}
      aria-label={t("chart.point", { label })}
      aria-valuemin={0}
      aria-valuemax={Math.max(times.length - 1, 0)}
      aria-valuenow={shown}
      aria-valuetext={told(shown, { times, series, unit, zone })}
      onKeyDown={move}
    >
      {series.map((each, place) => (
        <i key={each.key} hidden data-colour={place} className={styles[toneOf(each, place)]} />
      ))}
      <i hidden data-colour="text" className={styles.quiet} />
      <i hidden data-colour="grid" className={styles.grid} />
    </div>
  );
}

/** A point in words. */
function told(
  at: number,
  { times, series, unit, zone }: Pick<PlotProps, "times" | "series" | "unit" | "zone">,
): string {
  const time = times[at];
  if (time === undefined) return "";
  const figures = series.map(({ label, values }) => {
    const value = values[at] ?? null;
    return `${label} ${value === null ? t("health.noFigure") : formatFigure(value, unit, LOCALE)}`;
  });
  return `${formatTime(time, zone, LOCALE)}: ${figures.join(", ")}`;
}
