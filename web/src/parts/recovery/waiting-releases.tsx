/** Recoveries that wait for a second person, beside the other requests. Nothing where there are none. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../problem-notice.js";
import { recoveriesQuery } from "./queries.js";
import { FilterWords } from "./recovery-text.js";
import styles from "./recovery.module.css";
import { ReleaseCard } from "./release-card.js";

export function WaitingReleases() {
  const { data, error, refetch } = useQuery(recoveriesQuery({ status: "waiting" }));
  if (error) return <ProblemNotice error={error} again={() => void refetch()} />;
  if (!data || data.data.length === 0) return null;
  return (
    <section className={styles.releases} aria-labelledby="releases">
      <h2 id="releases">{t("release.section")}</h2>
      {data.data.map((recovery) => (
        <div key={recovery.id} className={styles.release}>
          <p>
            <Link to="/recoveries/$id" params={{ id: recovery.id }} preload={false}>
              <FilterWords filter={recovery.filter} />
            </Link>
          </p>
          <ReleaseCard recovery={recovery} />
        </div>
      ))}
    </section>
  );
}
