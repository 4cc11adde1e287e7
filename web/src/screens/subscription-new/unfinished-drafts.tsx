/** Drafts that were begun and left. A consumer goes on with one of them, and does not begin a second one. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../api/client.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { endpointName } from "../../parts/names.js";
import notice from "../../parts/notice.module.css";

/** The latest. All of them are in the list of subscriptions. */
const MOST = 5;

const draftsQuery = queryOptions({
  queryKey: ["subscriptions", "drafts"],
  queryFn: ({ signal }) =>
    ask(api.GET("/v1/subscriptions", { params: { query: { status: "draft", limit: MOST } }, signal })),
});

export function UnfinishedDrafts() {
  const { role } = useMe();
  const { data } = useQuery({ ...draftsQuery, enabled: role === "consumer" });
  if (!data || data.data.length === 0) return null;
  return (
    <section className={notice.info} aria-label={t("create.drafts")}>
      <p>{t("create.drafts")}</p>
      <ul>
        {data.data.map((draft) => (
          <li key={draft.id}>
            <Link to="/subscriptions/new" search={{ id: draft.id, step: "protection" }}>
              {t("create.goOnWith", { name: endpointName(draft) })}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
