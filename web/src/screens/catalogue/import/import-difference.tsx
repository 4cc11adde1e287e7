/** What the import of a document would do, as the API's dry run says it. */
import { Link } from "@tanstack/react-router";
import { t } from "../../../i18n/index.js";
import notice from "../../../parts/notice.module.css";
import styles from "../catalogue.module.css";
import { ContentDifference } from "../edit/content-difference.js";
import type { Imported } from "./import-request.js";

export function ImportDifference({ imported }: { imported: Imported }) {
  const { created, changed, unchanged, skipped, warnings, differences = [] } = imported;
  const byName = new Map(differences.map((each) => [each.name, each]));
  return (
    <section className={styles.section} aria-labelledby="import-difference">
      <h2 id="import-difference">{t("typeImport.difference")}</h2>
      <p role="status">
        {t("typeImport.counts", { created: created.length, changed: changed.length, unchanged: unchanged.length })}
      </p>
      <Notices title={t("typeImport.skipped", { count: skipped.length })} notices={skipped} tone="warn" />
      <Notices title={t("typeImport.warnings", { count: warnings.length })} notices={warnings} tone="info" />
      <ul className={styles.versions}>
        {created.map((name) => (
          <li key={name} className="card">
            <h3 className={styles.name}>{t("typeImport.new", { name })}</h3>
            <ContentDifference fields={byName.get(name)?.fields ?? []} after={byName.get(name)?.after} />
          </li>
        ))}
        {changed.map(({ name, version }) => (
          <li key={name} className="card">
            <h3 className={styles.name}>
              <Link to="/catalogue/$name" params={{ name }} preload={false} target="_blank">
                {name}
              </Link>
              {byName.get(name)?.fields.includes("schema") && ` ${t("typeImport.becomes", { number: version })}`}
            </h3>
            <ContentDifference
              fields={byName.get(name)?.fields ?? []}
              before={byName.get(name)?.before}
              after={byName.get(name)?.after}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface NoticesProps {
  title: string;
  notices: Imported["skipped"];
  tone: "warn" | "info";
}

function Notices({ title, notices, tone }: NoticesProps) {
  if (notices.length === 0) return null;
  return (
    <section className={notice[tone]} aria-label={title}>
      <p className={notice.title}>{title}</p>
      <ul>
        {notices.map(({ path, reason }) => (
          <li key={`${path} ${reason}`}>
            <code>{path}</code> {reason}
          </li>
        ))}
      </ul>
    </section>
  );
}
