/** Who did what with the subscription, when and why: the entries of the audit about it. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ComponentProps } from "react";
import type { Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { CursorPaging } from "../../parts/cursor-paging.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { SettingValues } from "../../parts/told-acts.js";
import { TimeText } from "../../parts/time-text.js";
import scroll from "../../parts/rows/scroll-table.module.css";
import { entriesQuery, toldActsQuery } from "./queries.js";
import styles from "./subscription.module.css";

type Entry = Schemas["AuditEntry"];

export function HistoryTab({ subscriptionId }: { subscriptionId: string }) {
  const { cursor } = useSearch({ from: "/subscriptions/$id" });
  const navigate = useNavigate({ from: "/subscriptions/$id" });
  const { data, error, refetch } = useQuery(entriesQuery(subscriptionId, cursor));
  // The audit has no values of settings, because it is never erased. They are kept with the subscription.
  const { data: told } = useQuery(toldActsQuery(subscriptionId));
  const valuesOf = new Map(told?.data.map(({ id, values }) => [id, values]));
  const newest = () => void navigate({ search: ({ cursor: _cursor, ...rest }) => rest });
  return (
    <section className={styles.section} aria-labelledby="history">
      <h2 id="history">{t("subscription.tab.history")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} newest={newest} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("subscription.noHistory")}</p>}
      {data && data.data.length > 0 && (
        <div className={scroll.scroll} role="group" aria-label={t("subscription.tab.history")} tabIndex={0}>
          <table className={scroll.table} aria-labelledby="history">
            <thead>
              <tr>
                <th scope="col">{t("subscription.history.at")}</th>
                <th scope="col">{t("subscription.history.who")}</th>
                <th scope="col">{t("subscription.history.what")}</th>
                <th scope="col">{t("subscription.history.detail")}</th>
              </tr>
            </thead>
            <tbody>
              {data.data.map((entry) => (
                <EntryRow key={entry.id} entry={entry} values={valuesOf.get(entry.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data && <CursorPaging cursor={cursor} next={data.next} newest={newest} />}
    </section>
  );
}

interface EntryRowProps {
  entry: Entry;
  values: ComponentProps<typeof SettingValues>["values"] | undefined;
}

function EntryRow({ entry: { at, actor, action, detail }, values }: EntryRowProps) {
  // The id of a change only leads to the values, which stand below.
  const { change: _id, ...shown } = detail ?? {};
  return (
    <tr>
      <td>
        <TimeText at={at} />
      </td>
      <td className={styles.by}>{actor}</td>
      <td>
        <code>{action}</code>
      </td>
      <td>
        {Object.entries(shown).map(([name, value]) => (
          <div key={name} className={styles.by}>
            {name}: {typeof value === "string" ? value : JSON.stringify(value)}
          </div>
        ))}
        {values && <SettingValues values={values} />}
      </td>
    </tr>
  );
}
