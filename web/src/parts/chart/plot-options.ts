/** How uPlot is to draw: its axes in the viewer's zone, its lines by pattern and colour, no movement. */
import uPlot from "uplot";
import { LOCALE } from "../../i18n/index.js";
import { DAY_MS, type Zone } from "../../time/format.js";
import { dateTimeFormat } from "../../time/formatters.js";
import { aloneIn, type ChartSeries, type ChartUnit, dashOf, formatFigure } from "./figures.js";

export interface Colours {
  line: (place: number) => string;
  text: string;
  grid: string;
}

interface PlotOrder {
  series: readonly ChartSeries[];
  unit: ChartUnit;
  zone: Zone;
  colours: Colours;
  /** CSS pixels. */
  width: number;
  onPoint: (at: number | undefined) => void;
}

/** CSS pixels. The style sheet keeps the same room while the drawing is loaded. */
const HEIGHT = 180;
const FONT = "12px system-ui, sans-serif";
const DAY_SECONDS = DAY_MS / 1_000;

export function optionsOf({ series, unit, zone, colours, width, onPoint }: PlotOrder): uPlot.Options {
  const { text, grid } = colours;
  const axis = {
    stroke: text,
    font: FONT,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: 4 },
  };
  return {
    width,
    height: HEIGHT,
    // At the end of the axis half of a time of day, or of a date, stands beyond the drawing.
    padding: [8, 24, 0, 0],
    tzDate: (second) => uPlot.tzDate(new Date(second * 1_000), zone),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 7 } },
    scales: { y: { range: (_plot, _least, most) => rangeOf(unit, most) } },
    axes: [
      { ...axis, size: 30, space: 64, values: (_plot, splits, ...[, , step]) => timesOf(splits, step, zone) },
      {
        ...axis,
        size: 64,
        // Half a delivery is none.
        ...(unit === "count" && { incrs: COUNT_STEPS }),
        values: (_plot, splits) => splits.map((value) => formatFigure(value, unit, LOCALE)),
      },
    ],
    series: [{}, ...series.map((_each, place) => lineOf(place, series.length, colours))],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  };
}

const COUNT_STEPS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap((step) => [step, 2 * step, 5 * step]);

/** From zero, so that heights may be compared. */
const rangeOf = (unit: ChartUnit, most: number | null): [number, number] =>
  unit === "percent" ? [0, 1] : [0, Math.max(most ?? 0, 1) * 1.1];

function lineOf(place: number, lines: number, { line }: Colours): uPlot.Series {
  const stroke = line(place);
  return {
    stroke,
    width: 2,
    dash: [...dashOf(place)],
    points: {
      size: 5,
      fill: stroke,
      // All where there is room for them, else those that no line leads to.
      filter: (plot, of, isRoomy) => (isRoomy ? null : aloneIn([...(plot.data[of] ?? [])])),
    },
    // Below a single line, so that a short burst is seen.
    ...(lines === 1 && { fill: withAlpha(stroke) }),
  };
}

/** A colour that the browser gave as `rgb(…)`, seen through. Others are left as they are. */
const withAlpha = (colour: string): string => colour.replace(/^rgb\((.+)\)$/, "rgba($1, 0.14)");

/** Days by their date, and what is shorter by the clock. The date stands where a new day begins. */
function timesOf(seconds: readonly number[], step: number, zone: Zone): string[] {
  const day = dateTimeFormat(LOCALE, { timeZone: zone, day: "numeric", month: "short" });
  const clock = dateTimeFormat(LOCALE, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return seconds.map((second) => {
    const at = new Date(second * 1_000);
    const time = clock.format(at);
    return step >= DAY_SECONDS || time === "00:00" ? day.format(at) : time;
  });
}
