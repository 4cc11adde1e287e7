/**
 * The switch for notices by mail, and their language. Where they go, and whether this service sends any, stands beside
 * it.
 */
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { type Language, languageIn, LANGUAGES } from "../../parts/subscription/mail-languages.js";
import { ProblemNotice } from "../../parts/problem-notice.js";

const mailQuery = queryOptions({
  queryKey: ["me", "mail"],
  queryFn: ({ signal }) => ask(api.GET("/v1/me/mail", { signal })),
});

export function MailCard() {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(mailQuery);
  const run = useMutation({
    mutationFn: (change: Schemas["MyMailInput"]) => ask(api.PUT("/v1/me/mail", { body: change })),
    onSuccess: (mail) => queries.setQueryData(mailQuery.queryKey, mail),
  });
  const choose = (language: Language | undefined): void => {
    if (language) run.mutate({ wanted: true, language });
  };
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
              checked={run.isPending ? run.variables.wanted : data.wanted}
              disabled={run.isPending || (address === undefined && !data.wanted)}
              onChange={({ target }) => run.mutate({ wanted: target.checked })}
            />
            {address === undefined ? t("account.mailWanted") : t("account.mailWantedTo", { address })}
          </label>
          {data.wanted && (
            <label className="field">
              {t("account.mailLanguage")}
              <select
                value={(run.isPending && run.variables.language) || (data.language ?? "en")}
                disabled={run.isPending}
                onChange={({ target }) => choose(languageIn(target.value))}
              >
                {LANGUAGES.map((each) => (
                  <option key={each} value={each} lang={each}>
                    {t(`account.mailLanguages.${each}`)}
                  </option>
                ))}
              </select>
            </label>
          )}
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
