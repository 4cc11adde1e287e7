/** While what a screen shows comes for the first time. */
import { t } from "../i18n/index.js";
import styles from "./skeleton.module.css";

const ROWS = [1, 2, 3, 4, 5, 6];

export function Skeleton() {
  return (
    <div className={styles.skeleton} aria-busy="true">
      <p className="unseen" role="status">
        {t("app.loading")}
      </p>
      {ROWS.map((row) => (
        <div key={row} className={styles.row} />
      ))}
    </div>
  );
}
