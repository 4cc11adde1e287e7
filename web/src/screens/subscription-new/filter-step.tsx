/** Which of the events are wanted, tried on examples. Also how fast they may come. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api, ask } from "../../api/client.js";
import { LOCALE, t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import type { Subscription } from "../../parts/subscription/model.js";
import { formatDuration } from "../../time/format.js";
import { forgetSubscription } from "../subscription/queries.js";
import { type ReadForm, readSettings, type SettingsForm, settingsFormOf } from "../subscription/settings/form.js";
import { useSettingsDraft } from "../subscription/settings/settings-draft.js";
import form from "../subscription/subscription.module.css";
import { FilterTry } from "./filter-try.js";

interface FilterStepProps {
  subscription: Subscription;
  back: () => void;
  goOn: () => void;
}

export function FilterStep({ subscription, back, goOn }: FilterStepProps) {
  const { id, eventTypes } = subscription;
  const client = useQueryClient();
  const [draft, setDraft, drop] = useSettingsDraft(id, { form: settingsFormOf(subscription), etag: undefined });
  const read = readSettings(draft);
  const fields = draft.form;
  const change = (changes: Partial<SettingsForm>) => setDraft({ ...draft, form: { ...fields, ...changes } });
  const run = useMutation({
    async mutationFn() {
      if (read.ok && Object.keys(read.change).length > 0)
        await ask(api.PATCH("/v1/subscriptions/{id}", { params: { path: { id } }, body: read.change }));
    },
    async onSuccess() {
      drop();
      await forgetSubscription(client, id);
      goOn();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <form onSubmit={submit} className={form.form}>
      <fieldset>
        <legend>{t("settings.filter")}</legend>
        <div className="field">
          <label htmlFor="new-filter">{t("settings.expression")}</label>
          <textarea
            id="new-filter"
            value={fields.filter}
            maxLength={2_048}
            spellCheck={false}
            placeholder="data.amount > 100"
            onChange={({ target }) => change({ filter: target.value })}
          />
        </div>
        <FilterTry filter={fields.filter} types={eventTypes} />
      </fieldset>
      <RateFields fields={fields} change={change} read={read} />
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button className="button" disabled={!read.ok || run.isPending}>
          {t("create.goOn")}
        </button>
        <button type="button" className="button quiet" onClick={back}>
          {t("create.back")}
        </button>
      </div>
    </form>
  );
}

interface RateFieldsProps {
  fields: SettingsForm;
  change: (changes: Partial<SettingsForm>) => void;
  read: ReadForm;
}

function RateFields({ fields, change, read }: RateFieldsProps) {
  return (
    <fieldset>
      <legend>{t("settings.rate")}</legend>
      <div className={form.pair}>
        <Rate label={t("settings.perSecond")} value={fields.perSecond} set={(perSecond) => change({ perSecond })} />
        <Rate label={t("settings.burst")} value={fields.burst} set={(burst) => change({ burst })} />
      </div>
      <Meaning perSecond={fields.perSecond} burst={fields.burst} />
      {!read.ok &&
        read.faults.map(({ field, fault }) => (
          <span key={field} role="alert" className={form.warning}>
            {t(`settings.field.${field}`)}: {t(`settings.fault.${fault}`)}
          </span>
        ))}
    </fieldset>
  );
}

function Rate({ label, value, set }: { label: string; value: string; set: (value: string) => void }) {
  return (
    <label className="field">
      {label}
      <input value={value} inputMode="decimal" onChange={({ target }) => set(target.value)} />
    </label>
  );
}

/** A day's worth that comes at once is what people ask about. */
const MANY = 10_000;

function Meaning({ perSecond, burst }: { perSecond: string; burst: string }) {
  const [rate, most] = [Number(perSecond), Number(burst)];
  if (!(rate > 0) || !(most > 0)) return <p className="quiet">{t("settings.burstHint")}</p>;
  const time = formatDuration((Math.max(MANY - most, 0) / rate) * 1_000, LOCALE);
  return <p className="quiet">{t("create.rateMeaning", { many: numberOf(MANY), time })}</p>;
}
