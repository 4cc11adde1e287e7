/** The filters. They stand in the address, so a link or a reload shows the same list. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useDraft, useSyncedText } from "../../../parts/draft.js";
import { Popup } from "../../../parts/popup.js";
import { eventTypesQuery, groupsQuery, subscriptionsQuery, useMe } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import { keptSearch } from "../../../search-parameters.js";
import { type DeliveriesSearch, isFiltered, NEEDS_SOMEBODY, STATUSES, statusesOf, DELIVERY_FAULTS } from "./filters.js";
import { endpointName } from "../../../parts/names.js";
import { OUTCOME_CODES } from "./outcome-codes.js";
import { WindowFilter } from "./window-filter.js";
import styles from "./filter-bar.module.css";

interface FilterBarProps {
  search: DeliveriesSearch;
}

/** Puts filters into the address. The list begins anew. An empty one is taken out. */
function useFilters() {
  const navigate = useNavigate({ from: "/deliveries" });
  return (changes: Partial<Record<keyof DeliveriesSearch, string>>) =>
    void navigate({
      search: ({ cursor: _cursor, ...before }) => {
        const after: DeliveriesSearch = { ...before, ...changes };
        for (const name of Object.keys(changes) as (keyof DeliveriesSearch)[]) if (!after[name]) delete after[name];
        return after;
      },
    });
}

export function FilterBar({ search }: FilterBarProps) {
  const change = useFilters();
  const navigate = useNavigate({ from: "/deliveries" });
  const needs = search.status === NEEDS_SOMEBODY;
  const further = ["type", "subscription", "group", "http", "outcome", "fault", "event"] as const;
  const count = further.filter((name) => search[name] !== undefined).length;
  return (
    <section className={styles.bar} aria-label={t("filters.label")}>
      <div className={styles.line}>
        <TextFilter search={search} apply={change} />
        <StatusFilter search={search} apply={change} />
        <WindowFilter search={search} apply={change} />
        <label className={styles.toggle}>
          <input
            type="checkbox"
            checked={needs}
            onChange={({ target }) => change({ status: target.checked ? NEEDS_SOMEBODY : "" })}
          />
          {t("filters.needsSomebody")}
        </label>
        {isFiltered(search) && (
          <button type="button" className="button quiet" onClick={() => void navigate({ search: keptSearch(search) })}>
            {t("deliveries.clearFilters")}
          </button>
        )}
      </div>
      <details className={styles.more} open={count > 0}>
        <summary>{count > 0 ? t("filters.moreCount", { count }) : t("filters.more")}</summary>
        <MoreFilters search={search} apply={change} />
      </details>
    </section>
  );
}

interface PartProps extends FilterBarProps {
  apply: ReturnType<typeof useFilters>;
}

function TextFilter({ search, apply }: PartProps) {
  const [text, setText, drop] = useDraft("deliveries.q", search.q ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    drop();
    apply({ q: text.trim() });
  };
  return (
    <form onSubmit={submit} className="field">
      <label htmlFor="q">{t("filters.q")}</label>
      <div className={styles.joined}>
        <input
          id="q"
          value={text}
          maxLength={800}
          placeholder={t("filters.qPlaceholder")}
          onChange={({ target }) => setText(target.value)}
        />
        <button className="button quiet">{t("filters.find")}</button>
      </div>
    </form>
  );
}

function StatusFilter({ search, apply }: PartProps) {
  const chosen = statusesOf(search);
  const shown = chosen.map((status) => t(`status.${status}`)).join(", ");
  return (
    <div className="field">
      <span className={styles.label} id="status-label">
        {t("deliveries.column.status")}
      </span>
      <Popup label={shown || t("filters.anyStatus")} describedBy="status-label">
        <fieldset>
          <legend className="unseen">{t("deliveries.column.status")}</legend>
          {STATUSES.map((status) => (
            <label key={status} className="row">
              <input
                type="checkbox"
                checked={chosen.includes(status)}
                onChange={({ target }) =>
                  apply({
                    status: STATUSES.filter((each) =>
                      each === status ? target.checked : chosen.includes(each),
                    ).join(),
                  })
                }
              />
              {t(`status.${status}`)}
            </label>
          ))}
        </fieldset>
      </Popup>
    </div>
  );
}

function MoreFilters({ search, apply }: PartProps) {
  const { role } = useMe();
  const { data: types } = useQuery(eventTypesQuery);
  const { data: subscriptions } = useQuery(subscriptionsQuery);
  const { data: groups } = useQuery(groupsQuery);
  return (
    <div className={styles.fields}>
      <Typed name="type" search={search} apply={apply} label={t("deliveries.column.type")} list="event-types" />
      <datalist id="event-types">
        {types?.data.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Chosen
        name="subscription"
        search={search}
        apply={apply}
        label={t("deliveries.column.endpoint")}
        options={subscriptions?.data.map((each) => [each.id, endpointName(each)]) ?? []}
      />
      {role !== "consumer" && (
        <Chosen
          name="group"
          search={search}
          apply={apply}
          label={t("deliveries.column.group")}
          options={groups?.data.map(({ id, name }) => [id, name]) ?? []}
        />
      )}
      <Typed name="http" search={search} apply={apply} label={t("filters.http")} placeholder="400, 5xx" />
      <Chosen
        name="outcome"
        search={search}
        apply={apply}
        label={t("filters.outcome")}
        options={OUTCOME_CODES.map((code) => [code, code])}
      />
      <Chosen
        name="fault"
        search={search}
        apply={apply}
        label={t("filters.fault")}
        options={DELIVERY_FAULTS.map((fault) => [fault, t(`overview.fault.${fault}`)])}
      />
      <Typed name="event" search={search} apply={apply} label={t("filters.event")} />
    </div>
  );
}

interface FieldProps extends PartProps {
  name: "type" | "subscription" | "group" | "http" | "outcome" | "fault" | "event";
  label: string;
}

/** Applied by Enter, and when the field is left. */
function Typed({ name, search, apply, label, ...rest }: FieldProps & { list?: string; placeholder?: string }) {
  const [text, setText] = useSyncedText(search[name] ?? "");
  const put = () => text !== (search[name] ?? "") && apply({ [name]: text.replaceAll(/\s/g, "") });
  return (
    <form
      className="field"
      onSubmit={(event) => {
        event.preventDefault();
        put();
      }}
    >
      <label htmlFor={`filter-${name}`}>{label}</label>
      <input
        id={`filter-${name}`}
        value={text}
        maxLength={800}
        onChange={({ target }) => setText(target.value)}
        onBlur={put}
        {...rest}
      />
    </form>
  );
}

function Chosen({ name, search, apply, label, options }: FieldProps & { options: readonly [string, string][] }) {
  const chosen = search[name] ?? "";
  // What the address names may be further down than the options reach.
  const all = chosen === "" || options.some(([value]) => value === chosen) ? options : [[chosen, chosen], ...options];
  return (
    <div className="field">
      <label htmlFor={`filter-${name}`}>{label}</label>
      <select id={`filter-${name}`} value={chosen} onChange={({ target }) => apply({ [name]: target.value })}>
        <option value="">{t("filters.any")}</option>
        {all.map(([value, shown]) => (
          <option key={value} value={value}>
            {shown}
          </option>
        ))}
      </select>
    </div>
  );
}
