/** What a filter says to examples, while it is typed. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ask } from "../../api/client.js";
import { limited } from "../../api/limited.js";
import { problemOf } from "../../api/problem.js";
import { eventTypesQuery } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Icon } from "../../parts/icon.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import form from "../subscription/subscription.module.css";
import { placeOf, type Sample, samplesOf } from "./filter-samples.js";
import styles from "./new-subscription.module.css";

const inTurn = limited(2);

/** The value once it has stood still. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

const tryQuery = (filter: string, { type, number, data }: Sample) => ({
  queryKey: ["filter-test", filter, type, number],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    inTurn(() => ask(api.POST("/v1/filters/test", { body: { filter, type, data }, signal })), signal),
  staleTime: Infinity,
});

/** After so long without a key. */
const STILL_MS = 400;

export function FilterTry({ filter, types }: { filter: string; types: readonly string[] }) {
  const settled = useSettled(filter.trim(), STILL_MS);
  const { data: known } = useQuery(eventTypesQuery);
  const examples = samplesOf(known?.data ?? [], types);
  // Without an example the filter is still read, on a payload without members.
  const samples = examples.length > 0 ? examples : [{ type: types[0] ?? "example.event", number: 0, data: {} }];
  const tried = useQueries({ queries: settled === "" ? [] : samples.map((sample) => tryQuery(settled, sample)) });
  if (settled === "") return <p className="quiet">{t("create.noFilter")}</p>;
  const refused = tried.find(({ error }) => error !== null)?.error;
  if (refused) return <Refused error={refused} filter={settled} />;
  const warnings = new Set(tried.flatMap(({ data }) => data?.warnings ?? []));
  return (
    <div role="status" className={styles.tried}>
      {examples.length === 0 && <p>{t("create.readOnly")}</p>}
      <ul className={form.list}>
        {examples.map(({ type, number }, index) => {
          const data = tried[index]?.data;
          return (
            <li key={`${type}-${number}`} className="row">
              {data ? <Verdict matches={data.matches ?? null} failed={data.failed} /> : t("app.loading")}
              <span>{t("create.exampleNumber", { name: type, number })}</span>
            </li>
          );
        })}
      </ul>
      {[...warnings].map((warning) => (
        <p key={warning} className={form.warning}>
          {warning}
        </p>
      ))}
    </div>
  );
}

function Verdict({ matches, failed }: { matches: boolean | null; failed: string | undefined }) {
  if (matches === null)
    return (
      <span className={form.warning}>
        <Icon name="spent" /> {t("create.neither", { code: failed ?? "" })}
      </span>
    );
  return (
    <span className="row">
      <Icon name={matches ? "good" : "off"} /> {t(matches ? "create.delivered" : "create.leftOut")}
    </span>
  );
}

function Refused({ error, filter }: { error: unknown; filter: string }) {
  const problem = problemOf(error);
  const message = problem.errors?.find(({ path }) => path === "filter")?.message;
  const place = message === undefined ? undefined : placeOf(filter, message);
  if (problem.code !== "filter_invalid" || message === undefined) return <ProblemNotice error={error} />;
  return (
    <div role="alert">
      <p className={form.warning}>{message}</p>
      {place && (
        <code className={styles.place}>
          {place.before}
          <mark>{place.at}</mark>
          {place.after}
        </code>
      )}
    </div>
  );
}
