/** The filters of the list. They stand in the address, so a link or a reload shows the same list. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { eventTypesQuery, groupsQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { useSyncedText } from "../../parts/draft.js";
import bar from "../deliveries/filters/filter-bar.module.css";
import {
  ENDS_WITHIN,
  HEALTHS,
  isNarrowed,
  ONLY,
  SUBSCRIPTION_STATUSES,
  type SubscriptionsSearch,
  TECHNIQUES,
} from "./filters.js";

type Name = "q" | "status" | "health" | "type" | "ends" | "only" | "group" | "technique";

/** Puts one filter into the address; the list begins anew. An empty one is taken out. */
function useFilter() {
  const navigate = useNavigate({ from: "/subscriptions" });
  return (name: Name, value: string) =>
    void navigate({
      search: ({ cursor: _cursor, ...before }) => {
        const { [name]: _before, ...rest } = before;
        return { ...rest, ...(value && { [name]: value }) };
      },
    });
}

export function SubscriptionFilters({ search }: { search: SubscriptionsSearch }) {
  const { role } = useMe();
  const apply = useFilter();
  const navigate = useNavigate({ from: "/subscriptions" });
  const { data: types } = useQuery(eventTypesQuery);
  const { data: groups } = useQuery({ ...groupsQuery, enabled: role !== "consumer" });
  return (
    <section className={bar.bar} aria-label={t("filters.label")}>
      <div className={bar.line}>
        <TextFilter search={search} apply={(text) => apply("q", text)} />
        <Choice
          label={t("subscriptions.column.status")}
          value={search.status ?? ""}
          apply={(value) => apply("status", value)}
          options={SUBSCRIPTION_STATUSES.map((status) => [status, t(`subscriptionStatus.${status}`)])}
        />
        <Choice
          label={t("subscriptions.column.health")}
          value={search.health ?? ""}
          apply={(value) => apply("health", value)}
          options={HEALTHS.map((health) => [health, t(`health.${health}`)])}
        />
        <Choice
          label={t("deliveries.column.type")}
          value={search.type ?? ""}
          apply={(value) => apply("type", value)}
          options={types?.data.map(({ name }) => [name, name]) ?? []}
        />
        {role !== "consumer" && (
          <Choice
            label={t("deliveries.column.group")}
            value={search.group ?? ""}
            apply={(value) => apply("group", value)}
            options={groups?.data.map(({ id, name }) => [id, name]) ?? []}
          />
        )}
        <Choice
          label={t("subscriptions.column.protection")}
          value={search.technique ?? ""}
          apply={(value) => apply("technique", value)}
          options={TECHNIQUES.map((technique) => [technique, t(`technique.${technique}`)])}
        />
        <NeedsSomebody search={search} apply={apply} />
        {isNarrowed(search) && (
          <button
            type="button"
            className="button quiet"
            onClick={() => void navigate({ search: { ...(search.tz && { tz: search.tz }) } })}
          >
            {t("deliveries.clearFilters")}
          </button>
        )}
      </div>
    </section>
  );
}

/** What the overview leads to. */
function NeedsSomebody({ search, apply }: { search: SubscriptionsSearch; apply: ReturnType<typeof useFilter> }) {
  return (
    <>
      <Choice
        label={t("subscriptions.column.certificate")}
        value={search.ends ?? ""}
        apply={(value) => apply("ends", value)}
        options={ENDS_WITHIN.map((days) => [days, t("subscriptions.endsWithin", { days })])}
      />
      <Choice
        label={t("subscriptions.only.label")}
        value={search.only ?? ""}
        apply={(value) => apply("only", value)}
        options={ONLY.map((only) => [only, t(`subscriptions.only.${only}`)])}
      />
    </>
  );
}

function TextFilter({ search, apply }: { search: SubscriptionsSearch; apply: (text: string) => void }) {
  const [text, setText] = useSyncedText(search.q ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply(text.trim());
  };
  return (
    <form onSubmit={submit} className="field" role="search">
      <label htmlFor="subscriptions-q">{t("subscriptions.search")}</label>
      <div className={bar.joined}>
        <input id="subscriptions-q" value={text} maxLength={256} onChange={({ target }) => setText(target.value)} />
        <button className="button quiet">{t("filters.find")}</button>
      </div>
    </form>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  apply: (value: string) => void;
  options: readonly (readonly [string, string])[];
}

function Choice({ label, value, apply, options }: ChoiceProps) {
  // What the address names may be further down than the options reach.
  const all =
    value === "" || options.some(([each]) => each === value) ? options : [[value, value] as const, ...options];
  return (
    <label className="field">
      {label}
      <select value={value} onChange={({ target }) => apply(target.value)}>
        <option value="">{t("filters.any")}</option>
        {all.map(([each, shown]) => (
          <option key={each} value={each}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  );
}
