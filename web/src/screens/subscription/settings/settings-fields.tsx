/** The fields of the settings. What was typed over is marked. */
import type { ReactNode } from "react";
import { t } from "../../../i18n/index.js";
import { languageIn, LANGUAGES } from "../../../parts/subscription/mail-languages.js";
import styles from "../subscription.module.css";
import { EventTypeChoice } from "./event-type-choice.js";
import type { Fault, SettingsField, SettingsForm } from "./form.js";

interface SettingsFieldsProps {
  groupId: string;
  form: SettingsForm;
  changed: ReadonlySet<SettingsField>;
  faults: readonly { field: SettingsField; fault: Fault }[];
  change: (fields: Partial<SettingsForm>) => void;
}

export function SettingsFields(props: SettingsFieldsProps) {
  const { groupId, form, changed, change } = props;
  return (
    <>
      <fieldset>
        <legend>{t("settings.endpoint")}</legend>
        <Line field="name" label={t("settings.name")} hint={t("settings.nameHint")} maxLength={100} {...props} />
        <Line field="url" label="URL" type="url" maxLength={2_048} {...props} />
      </fieldset>
      <fieldset>
        <legend>{t("settings.about")}</legend>
        <Line field="description" label={t("settings.field.description")} maxLength={2_000} {...props} />
        <Line field="contacts" label={t("settings.field.contacts")} hint={t("settings.contactsHint")} {...props} />
        <LanguageChoice {...props} />
        <Line field="externalId" label={t("settings.field.externalId")} maxLength={128} {...props} />
        <Lines field="labels" label={t("settings.field.labels")} hint={t("settings.labelsHint")} {...props} />
      </fieldset>
      <fieldset>
        <legend>
          {t("settings.eventTypes")} {changed.has("eventTypes") && <Changed />}
        </legend>
        <EventTypeChoice groupId={groupId} chosen={form.eventTypes} change={(eventTypes) => change({ eventTypes })} />
        <Faults field="eventTypes" {...props} />
      </fieldset>
      <fieldset>
        <legend>{t("settings.filter")}</legend>
        <Lines field="filter" label={t("settings.expression")} placeholder="data.amount > 100" {...props} />
      </fieldset>
      <fieldset>
        <legend>{t("settings.rate")}</legend>
        <div className={styles.pair}>
          <Line field="perSecond" label={t("settings.perSecond")} {...props} />
          <Line field="burst" label={t("settings.burst")} hint={t("settings.burstHint")} {...props} />
        </div>
      </fieldset>
      <fieldset>
        <legend>{t("settings.retries")}</legend>
        <div className={styles.pair}>
          <Line field="timeoutSeconds" label={t("settings.timeout")} {...props} />
          <Line field="maxAttempts" label={t("settings.maxAttempts")} {...props} />
        </div>
        <Line field="schedule" label={t("settings.schedule")} hint={t("settings.scheduleHint")} {...props} />
      </fieldset>
      <fieldset>
        <legend>{t("settings.gone")}</legend>
        <Line
          field="disableAfterDays"
          label={t("settings.disableAfterDays")}
          hint={t("settings.disableAfterDaysHint")}
          {...props}
        />
      </fieldset>
    </>
  );
}

/** In which language the contacts and the chat channel are told. */
function LanguageChoice({ form, changed, change }: SettingsFieldsProps) {
  return (
    <label className="field">
      <span>
        {t("settings.field.language")} {changed.has("language") && <Changed />}
      </span>
      <select value={form.language} onChange={({ target }) => change({ language: languageIn(target.value) ?? "" })}>
        <option value="">{t("settings.languageOfGroup")}</option>
        {LANGUAGES.map((each) => (
          <option key={each} value={each} lang={each}>
            {t(`account.mailLanguages.${each}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

const Changed = () => <span className={styles.changed}>{t("settings.changed")}</span>;

const NUMBERS: readonly SettingsField[] = ["perSecond", "burst", "timeoutSeconds", "maxAttempts", "disableAfterDays"];

interface LinesProps extends SettingsFieldsProps {
  field: "filter" | "labels";
  label: string;
  hint?: string;
  placeholder?: string;
}

/** Text of several lines. */
function Lines({ field, label, hint, placeholder, form, changed, faults, change }: LinesProps) {
  const id = `settings-${field}`;
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {changed.has(field) && <Changed />}
      </label>
      <textarea
        id={id}
        value={form[field]}
        spellCheck={false}
        placeholder={placeholder}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={({ target }) => change({ [field]: target.value })}
      />
      {hint !== undefined && (
        <span id={`${id}-hint`} className="quiet">
          {hint}
        </span>
      )}
      <Faults field={field} faults={faults} />
    </div>
  );
}

interface LineProps extends SettingsFieldsProps {
  field: Exclude<SettingsField, "eventTypes" | "language">;
  label: ReactNode;
  hint?: string;
  type?: "url";
  maxLength?: number;
}

function Line({ field, label, hint, form, changed, faults, change, groupId: _group, ...rest }: LineProps) {
  const id = `settings-${field}`;
  const isNumber = NUMBERS.includes(field);
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {changed.has(field) && <Changed />}
      </label>
      <input
        id={id}
        value={form[field]}
        inputMode={isNumber ? "decimal" : undefined}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        aria-invalid={faults.some((each) => each.field === field) || undefined}
        onChange={({ target }) => change({ [field]: target.value })}
        {...rest}
      />
      {hint !== undefined && (
        <span id={`${id}-hint`} className="quiet">
          {hint}
        </span>
      )}
      <Faults field={field} faults={faults} />
    </div>
  );
}

function Faults({ field, faults }: { field: SettingsField } & Pick<SettingsFieldsProps, "faults">) {
  return faults
    .filter((each) => each.field === field)
    .map(({ fault }) => (
      <span key={fault} role="alert" className={styles.warning}>
        {t(`settings.fault.${fault}`)}
      </span>
    ));
}
