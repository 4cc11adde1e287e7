/** The switch for notices by mail. Where they go, and whether this service sends any, stands beside it. */
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";

const mailQuery = queryOptions({
  queryKey: ["me", "mail"],
  queryFn: ({ signal }) => ask(api.GET("/v1/me/mail", { signal })),
});

export function MailCard() {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(mailQuery);
  const run = useMutation({
    mutationFn: (wanted: boolean) => ask(api.PUT("/v1/me/mail", { body: { wanted } })),
    onSuccess: (mail) => queries.setQueryData(mailQuery.queryKey, mail),
  });
  const address = data?.address;
  return (
    <section className="card" aria-labelledby="mail">
      <h2 id="mail">{t("account.mail")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {run.error && <ProblemNotice error={run.error} />}
      {data && (
        <>
          <label className="row">
            <input
              type="checkbox"
              checked={data.wanted}
              disabled={run.isPending || (address === undefined && !data.wanted)}
              onChange={({ target }) => run.mutate(target.checked)}
            />
            {address === undefined ? t("account.mailWanted") : t("account.mailWantedTo", { address })}
          </label>
          <p className="quiet">
            {address === undefined
              ? t("account.mailNoAddress")
              : data.sent
                ? t("account.mailHow")
                : t("account.mailNotSent")}
          </p>
        </>
      )}
    </section>
  );
}
