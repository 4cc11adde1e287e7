/** What a filter says to the examples of the event types while it is typed, and to real events when asked. */
import { useMutation, useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api, ask, type Schemas } from "../../api/client.js";
import { limited } from "../../api/limited.js";
import { problemOf } from "../../api/problem.js";
import { t } from "../../i18n/index.js";
import { Icon } from "../../parts/icon.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { VisibleText } from "../../parts/text/visible.js";
import form from "../subscription/subscription.module.css";
import { placeOf } from "./filter-place.js";
import styles from "./new-subscription.module.css";

type Sample = NonNullable<Schemas["FilterTestResult"]["samples"]>[number];
interface Tried {
  type: string;
  samples: readonly Sample[];
  warnings: readonly string[];
}

const inTurn = limited(2);
/** Each type is a request of its own. */
const MOST_TYPES = 5;
/** After so long without a key. */
const STILL_MS = 400;

async function tried(
  filter: string,
  type: string,
  sample: "examples" | "recent",
  signal?: AbortSignal,
): Promise<Tried> {
  const body = { filter, eventType: type, sample };
  const { samples = [], warnings = [] } = await inTurn(
    () => ask(api.POST("/v1/filters/test", { body, ...(signal && { signal }) })),
    signal,
  );
  return { type, samples, warnings };
}

/** The value once it has stood still. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

export function FilterTry({ filter, types }: { filter: string; types: readonly string[] }) {
  const settled = useSettled(filter.trim(), STILL_MS);
  const some = types.slice(0, MOST_TYPES);
  const all = useQueries({
    queries: (settled === "" ? [] : some).map((type) => ({
      queryKey: ["filter-test", settled, type],
      queryFn: ({ signal }: { signal: AbortSignal }) => tried(settled, type, "examples", signal),
      staleTime: Infinity,
    })),
  });
  if (settled === "") return <p className="quiet">{t("create.noFilter")}</p>;
  const refused = all.find(({ error }) => error !== null)?.error;
  if (refused) return <Refused error={refused} filter={settled} />;
  const results = all.flatMap(({ data }) => data ?? []);
  const isDone = results.length === some.length;
  return (
    <div className={styles.tried}>
      <div role="status">
        {isDone && results.every(({ samples }) => samples.length === 0) && <p>{t("create.readOnly")}</p>}
        <Results results={results} />
      </div>
      {isDone && <RecentEvents key={settled} filter={settled} types={some} />}
    </div>
  );
}

function Results({ results }: { results: readonly Tried[] }) {
  const warnings = new Set(results.flatMap((each) => each.warnings));
  return (
    <>
      <ul className={form.list}>
        {results.flatMap(({ type, samples }) =>
          samples.map((sample, index) => (
            <li key={`${type}-${index}`} className="row">
              <Verdict sample={sample} />
              <Named type={type} sample={sample} />
              <span className="quiet">
                {sample.fields.map(({ field, values }) => (
                  <code key={field}>
                    {field} = <VisibleText text={values.join(", ") || t("create.notThere")} />{" "}
                  </code>
                ))}
              </span>
            </li>
          )),
        )}
      </ul>
      {[...warnings].map((warning) => (
        <p key={warning} className={form.warning}>
          {warning}
        </p>
      ))}
    </>
  );
}

function Named({ type, sample: { index, eventId } }: { type: string; sample: Sample }) {
  if (eventId === undefined) return <span>{t("create.exampleNumber", { name: type, number: (index ?? 0) + 1 })}</span>;
  return (
    <Link to="/events/$id" params={{ id: eventId }} preload={false}>
      {eventId}
    </Link>
  );
}

function Verdict({ sample: { matches, failed } }: { sample: Sample }) {
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

/** Reading real events is on record, so it is done when a person asks for it. */
function RecentEvents({ filter, types }: { filter: string; types: readonly string[] }) {
  const run = useMutation({ mutationFn: () => Promise.all(types.map((type) => tried(filter, type, "recent"))) });
  return (
    <>
      <div className="row">
        <button type="button" className="button quiet" disabled={run.isPending} onClick={() => run.mutate()}>
          {t("create.tryRecent")}
        </button>
      </div>
      {run.error && <ProblemNotice error={run.error} />}
      {run.data && (
        <div role="status">
          {run.data.every(({ samples }) => samples.length === 0) && <p>{t("create.noRecent")}</p>}
          <Results results={run.data} />
        </div>
      )}
    </>
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
