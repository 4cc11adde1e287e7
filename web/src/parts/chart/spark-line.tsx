/** A line as small as a word, for rows of a table. */
import { sparkPoints } from "./figures.js";
import styles from "./chart.module.css";

const WIDTH = 96;
const HEIGHT = 22;

interface SparkLineProps {
  values: readonly (number | null)[];
  /** What it says, in words. */
  label: string;
}

export function SparkLine({ values, label }: SparkLineProps) {
  return (
    <svg
      className={styles.spark}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`-1 -1 ${WIDTH + 2} ${HEIGHT + 2}`}
      role="img"
      aria-label={label}
      focusable="false"
    >
      <polyline
        points={sparkPoints(values, WIDTH, HEIGHT)}
        fill="none"
        stroke="currentColor"
        strokeLinecap="round"
        strokeWidth="1.5"
      />
    </svg>
  );
}
