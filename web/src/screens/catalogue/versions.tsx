/** The versions of an event type's schema, the newest first, each with what it changed. */
import { useQuery } from "@tanstack/react-query";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TimeText } from "../../parts/time-text.js";
import styles from "./catalogue.module.css";
import { type EventTypeVersion, versionsQuery } from "./queries.js";
import { schemaChanges } from "./schema-changes.js";

export function Versions({ name }: { name: string }) {
  const { data, error, refetch } = useQuery(versionsQuery(name));
  const versions = data?.data ?? [];
  return (
    <section className={styles.section} aria-labelledby="versions">
      <h2 id="versions">{t("catalogue.versions")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      <ol className={styles.versions}>
        {versions.map((each, index) => (
          <li key={each.version} className="card">
            <p>
              <strong>{t("catalogue.versionNumber", { number: each.version })}</strong> <TimeText at={each.createdAt} />
            </p>
            <Changes version={each} before={versions[index + 1]} />
          </li>
        ))}
      </ol>
      {data && data.next !== null && <p className="quiet">{t("catalogue.olderVersions")}</p>}
    </section>
  );
}

function Changes({ version, before }: { version: EventTypeVersion; before: EventTypeVersion | undefined }) {
  if (before === undefined) return version.version === 1 ? <p>{t("catalogue.firstVersion")}</p> : null;
  return <SchemaChanges before={before.schema} after={version.schema} nothing={t("catalogue.noChange")} />;
}

/** Member by member. `nothing` is said where no member differs. */
export function SchemaChanges({ before, after, nothing }: { before: unknown; after: unknown; nothing: string }) {
  const changes = schemaChanges(before, after);
  if (changes.length === 0) return <p>{nothing}</p>;
  return (
    <ul>
      {changes.map(({ path, what, before: was, after: is }) => (
        <li key={path}>
          {t(`catalogue.change.${what}`)} <code>{path}</code>:{" "}
          {[was, is].filter((each) => each !== undefined).join(" → ")}
        </li>
      ))}
    </ul>
  );
}
