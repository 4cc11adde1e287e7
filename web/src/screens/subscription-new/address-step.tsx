/** Where deliveries go, how the endpoint is called, and for which group it is. */
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { groupsQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { endpointName } from "../../parts/names.js";
import form from "../subscription/subscription.module.css";
import { useFirstFields } from "./drafts.js";
import { TargetCheck, useTargetCheck } from "./target-check.js";
import { UnfinishedDrafts } from "./unfinished-drafts.js";

/** The groups that this person may subscribe for. */
export function useOwnGroups(): readonly { id: string; name: string }[] {
  const me = useMe();
  const { data: groups } = useQuery({ ...groupsQuery, enabled: me.role !== "consumer" });
  return me.role === "consumer" ? (me.groups ?? []) : (groups?.data ?? []);
}

/** The one that was chosen, that the frame shows, or that there is alone. */
export function useChosenGroup(chosen: string): string {
  const { group } = useSearch({ from: "/subscriptions/new" });
  const groups = useOwnGroups();
  const wanted = chosen || group || "";
  if (groups.some(({ id }) => id === wanted)) return wanted;
  return groups.length === 1 ? (groups[0]?.id ?? "") : "";
}

export function AddressStep({ goOn }: { goOn: () => void }) {
  const [fields, change] = useFirstFields();
  const groups = useOwnGroups();
  const groupId = useChosenGroup(fields.groupId);
  const url = fields.url.trim();
  const isUrl = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  const check = useTargetCheck();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isUrl || groupId === "") return;
    change({ groupId });
    goOn();
  };
  return (
    <form onSubmit={submit} className={form.form}>
      <UnfinishedDrafts />
      <UrlField
        value={fields.url}
        isFault={url !== "" && !isUrl}
        set={(typed) => change({ url: typed })}
        left={() => {
          if (isUrl && check.variables !== url) check.mutate(url);
        }}
      />
      <div className="field">
        <label htmlFor="new-name">{t("create.name")}</label>
        <input
          id="new-name"
          value={fields.name}
          maxLength={100}
          placeholder={isUrl ? endpointName({ url }) : ""}
          onChange={({ target }) => change({ name: target.value })}
        />
      </div>
      {groups.length > 1 && (
        <label className="field">
          {t("deliveries.column.group")}
          <select value={groupId} required onChange={({ target }) => change({ groupId: target.value })}>
            <option value="">{t("create.chooseGroup")}</option>
            {groups.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <div className="row">
        <button className="button" disabled={!isUrl || groupId === ""}>
          {t("create.goOn")}
        </button>
      </div>
      {/* Last, because what is found comes by itself: nothing above may move under a pointer or out of sight. */}
      {isUrl && <TargetCheck url={url} check={check} />}
    </form>
  );
}

interface UrlFieldProps {
  value: string;
  isFault: boolean;
  set: (value: string) => void;
  /** The person is done with it for now. */
  left: () => void;
}

function UrlField({ value, isFault, set, left }: UrlFieldProps) {
  return (
    <div className="field">
      <label htmlFor="new-url">{t("create.url")}</label>
      <input
        id="new-url"
        type="url"
        value={value}
        maxLength={2_048}
        required
        placeholder="https://hooks.example.com/sealpost"
        aria-describedby="new-url-hint"
        onChange={({ target }) => set(target.value)}
        onBlur={left}
      />
      <span id="new-url-hint" className="quiet">
        {t("create.urlHint")}
      </span>
      {isFault && (
        <span role="alert" className={form.warning}>
          {t("settings.fault.url")}
        </span>
      )}
    </div>
  );
}
