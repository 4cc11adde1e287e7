/** How far a recovery is: a bar with its numbers in words. */
import { LOCALE, t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import { formatDuration } from "../../time/format.js";
import { type Recovery, skippedOf, speedOf, timeLeftOf } from "./model.js";
import styles from "./recovery.module.css";
import { numberFormat } from "../../time/formatters.js";

export function ProgressBar({ recovery }: { recovery: Recovery }) {
  const { count = recovery.progress.found, progress } = recovery;
  const label = t("recoveries.ofCount", { sent: numberOf(progress.sent), total: numberOf(count) });
  return (
    <div className={styles.progress}>
      <progress max={Math.max(1, count)} value={progress.sent + skippedOf(recovery)} aria-label={label} />
      <span>{label}</span>
    </div>
  );
}

/** "5 a second", or nothing before it is known. */
export function speedText(recovery: Recovery): string {
  const speed = speedOf(recovery);
  if (speed === undefined) return "";
  const shown = numberFormat(LOCALE, { maximumFractionDigits: 1 }).format(speed);
  return t("recoveries.speed", { number: shown });
}

export function timeLeftText(recovery: Recovery): string {
  const left = timeLeftOf(recovery);
  return left === undefined ? "" : t("recoveries.timeLeft", { time: formatDuration(left, LOCALE) });
}
