/** The sessions of this person, from where each was begun, and their end. */
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TimeText } from "../../parts/time-text.js";
import { VisibleText } from "../../parts/text/visible.js";
import styles from "./account.module.css";

type MySession = Schemas["MySession"];

const sessionsQuery = queryOptions({
  queryKey: ["me", "sessions"],
  queryFn: ({ signal }) => ask(api.GET("/v1/me/sessions", { signal })),
  refetchOnMount: "always",
});

export function SessionsCard() {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(sessionsQuery);
  const run = useMutation({
    mutationFn: (id: string) => ask(api.DELETE("/v1/me/sessions/{id}", { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  });
  const others = data?.data.filter(({ current }) => !current) ?? [];
  return (
    <section className="card" aria-labelledby="sessions">
      <h2 id="sessions" tabIndex={-1}>
        {t("account.sessions")}
      </h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {run.error && <ProblemNotice error={run.error} />}
      {!data && !error && <Skeleton />}
      {data && others.length === 0 && <p className="quiet">{t("account.noOtherSession")}</p>}
      <ul className={styles.sessions}>
        {others.map((session) => (
          <li key={session.id}>
            <About session={session} />
            <button
              type="button"
              className="button quiet"
              disabled={run.isPending}
              aria-describedby={`session-${session.id}`}
              onClick={() => run.mutate(session.id)}
            >
              {t("account.endSession")}
            </button>
          </li>
        ))}
      </ul>
      <p role="status">{run.isSuccess && t("account.sessionEnded")}</p>
    </section>
  );
}

/** What the browser sent, without the part that all browsers have in common. */
const browserOf = (userAgent: string): string => userAgent.replace(/^Mozilla\/5\.0 /, "");

function About({ session: { id, startedAt, seenAt, address, userAgent } }: { session: MySession }) {
  return (
    <dl className="facts" id={`session-${id}`}>
      <dt>{t("account.started")}</dt>
      <dd>
        <TimeText at={startedAt} />
      </dd>
      <dt>{t("account.seen")}</dt>
      <dd>
        <TimeText at={seenAt} />
      </dd>
      {address !== undefined && (
        <>
          <dt>{t("account.address")}</dt>
          <dd>{address}</dd>
        </>
      )}
      {userAgent !== undefined && (
        <>
          <dt>{t("account.browser")}</dt>
          <dd>
            <VisibleText text={browserOf(userAgent)} />
          </dd>
        </>
      )}
    </dl>
  );
}
