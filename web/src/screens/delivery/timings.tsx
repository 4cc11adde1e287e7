/** Where the time of an attempt went: a bar for the eye, and the same as a table. */
import { LOCALE, t } from "../../i18n/index.js";
import { formatDuration } from "../../time/format.js";
import { type Given, PARTS, partsOf } from "./parts-of-time.js";
import styles from "./timings.module.css";

export function Timings({ timings }: { timings: Given }) {
  const parts = partsOf(timings);
  // Less than half a millisecond would be shown as none.
  const shown = PARTS.filter((part) => parts[part] >= 0.5);
  if (shown.length === 0) return null;
  return (
    <div className={styles.timings}>
      <div className={styles.bar} aria-hidden="true">
        {shown.map((part) => (
          <span key={part} className={styles[part]} style={{ flexGrow: Math.max(parts[part], 0.5) }} />
        ))}
      </div>
      <dl className={styles.legend} aria-label={t("delivery.timings.title")}>
        {shown.map((part) => (
          <div key={part}>
            <dt>
              <span className={`${styles.swatch ?? ""} ${styles[part] ?? ""}`} aria-hidden="true" />
              {t(`delivery.timings.${part}`)}
            </dt>
            <dd>{formatDuration(parts[part], LOCALE)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
