/** A new recovery: what is sent to whom, of which time. It is counted before it can be started. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { eventTypesQuery, groupsQuery, subscriptionsQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { endpointName } from "../../parts/names.js";
import { Page } from "../../parts/page.js";
import { Previewed } from "../../parts/recovery/previewed.js";
import { keptSearch } from "../../search-parameters.js";
import form from "../../parts/recovery/recovery.module.css";
import { WindowFilter } from "../deliveries/filters/window-filter.js";
import { CHOICES, choiceOf, lackingOf, newRecoveryFilterOf, type NewRecoverySearch, reachOf } from "./filters.js";
import styles from "./recoveries.module.css";

type Changes = Partial<Record<"group" | "subscription" | "type" | "status" | "mode" | "since" | "until", string>>;

function useApply() {
  const navigate = useNavigate({ from: "/recoveries/new" });
  return (changes: Changes) =>
    void navigate({
      search: (before) => ({
        ...before,
        ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value || undefined])),
      }),
      replace: true,
    });
}

export function NewRecovery() {
  const search = useSearch({ from: "/recoveries/new" });
  const navigate = useNavigate({ from: "/recoveries/new" });
  // The window is reckoned from when the form was filled in, so that the count and the start mean the same.
  const [now, setNow] = useState(Date.now);
  const [filled, setFilled] = useState(search);
  if (filled !== search) {
    setFilled(search);
    setNow(Date.now);
  }
  const me = useMe();
  const reach = useMemo(() => reachOf(me), [me]);
  const filter = useMemo(() => newRecoveryFilterOf(search, now, reach), [search, now, reach]);
  const lacking = lackingOf(search, reach);
  return (
    <Page title={t("recoveries.new")}>
      <div className={form.form}>
        <p>{t("recoveries.newDetail")}</p>
        <Fields search={search} />
        <section className="card" aria-live="polite" aria-label={t("recoveries.preview")}>
          <div className={form.form}>
            {filter ? (
              <Previewed
                key={JSON.stringify(filter)}
                filter={filter}
                started={({ id }) =>
                  void navigate({ to: "/recoveries/$id", params: { id }, search: keptSearch(search) })
                }
              />
            ) : (
              <p>
                {t(
                  lacking === undefined || lacking === "window"
                    ? "recover.windowNeeded"
                    : `recoveries.${lacking}Needed`,
                )}
              </p>
            )}
          </div>
        </section>
      </div>
    </Page>
  );
}

function Fields({ search }: { search: NewRecoverySearch }) {
  const apply = useApply();
  const { role } = useMe();
  const { data: subscriptions } = useQuery(subscriptionsQuery);
  const { data: groups } = useQuery({ ...groupsQuery, enabled: role !== "consumer" });
  const { data: types } = useQuery(eventTypesQuery);
  const choose = (choice: string) =>
    apply(choice === "missing" ? { mode: "missing", status: "" } : { mode: "", status: choice });
  const endpoints = (subscriptions?.data ?? []).filter(({ groupId }) => !search.group || groupId === search.group);
  return (
    <div className={styles.filters}>
      <label className="field">
        {t("recoveries.choice")}
        <select value={choiceOf(search) ?? search.status ?? ""} onChange={({ target }) => choose(target.value)}>
          {CHOICES.map((choice) => (
            <option key={choice} value={choice}>
              {t(`recoveries.choices.${choice === "" ? "waiting" : choice}`)}
            </option>
          ))}
          {choiceOf(search) === undefined && <option value={search.status}>{search.status}</option>}
        </select>
      </label>
      {role !== "consumer" && (
        <Select
          label={t("deliveries.column.group")}
          value={search.group ?? ""}
          none={t("recoveries.everyGroupChoice")}
          apply={(group) => apply({ group, subscription: "" })}
          options={groups?.data.map(({ id, name }) => [id, name]) ?? []}
        />
      )}
      <Select
        label={t("deliveries.column.endpoint")}
        value={search.subscription ?? ""}
        none={t("filters.any")}
        apply={(subscription) => apply({ subscription })}
        options={endpoints.map((each) => [each.id, endpointName(each)])}
      />
      <Select
        label={t("deliveries.column.type")}
        value={search.type ?? ""}
        none={t("filters.any")}
        apply={(type) => apply({ type })}
        options={types?.data.map(({ name }) => [name, name]) ?? []}
      />
      <WindowFilter search={search} apply={apply} />
      {search.api !== undefined && search.type === undefined && <p>{t("recover.apiIgnored")}</p>}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  none: string;
  apply: (value: string) => void;
  options: readonly (readonly [string, string])[];
}

function Select({ label, value, none, apply, options }: SelectProps) {
  // What the address names may be further down than the options reach.
  const all =
    value === "" || options.some(([each]) => each === value) ? options : [[value, value] as const, ...options];
  return (
    <label className="field">
      {label}
      <select value={value} onChange={({ target }) => apply(target.value)}>
        <option value="">{none}</option>
        {all.map(([each, shown]) => (
          <option key={each} value={each}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  );
}
