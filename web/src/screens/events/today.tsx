/** What the settings of today say of an event at one endpoint: the filter, and what the event has where it looks. */
import { t } from "../../i18n/index.js";
import { VisibleText } from "../../parts/text/visible.js";
import styles from "./events.module.css";
import type { RoutingRow } from "./queries.js";

export function Today({ row }: { row: RoutingRow | undefined }) {
  if (!row) return null;
  const { outcome, filter, fields } = row;
  return (
    <div className={styles.today}>
      <p>
        <span className="quiet">{t("event.today.title")}</span> {t(`event.outcome.${outcome}`)}
      </p>
      {filter !== undefined && (
        <dl className="facts">
          <dt>{t("event.today.filter")}</dt>
          <dd>
            <code>
              <VisibleText text={filter} />
            </code>
          </dd>
          {fields?.map(({ field, values }) => (
            <Field key={field} field={field} values={values} />
          ))}
        </dl>
      )}
    </div>
  );
}

function Field({ field, values }: { field: string; values: readonly string[] }) {
  return (
    <>
      <dt>
        <code>{field}</code>
      </dt>
      <dd>
        {values.length > 0 ? (
          <code>
            <VisibleText text={values.join(", ")} />
          </code>
        ) : (
          t("create.notThere")
        )}
      </dd>
    </>
  );
}
