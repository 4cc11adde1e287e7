/** The settings for who may only read them. */
import { Fragment } from "react";
import { t } from "../../../i18n/index.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { type SettingsField, type SettingsForm, settingsFormOf } from "./form.js";

const SHOWN: readonly SettingsField[] = [
  "name",
  "description",
  "contacts",
  "labels",
  "externalId",
  "language",
  "url",
  "eventTypes",
  "filter",
  "perSecond",
  "burst",
  "timeoutSeconds",
  "maxAttempts",
  "schedule",
  "disableAfterDays",
];
/** Where nothing is set, the service's own value counts. Of the others there is none then. */
const WITH_DEFAULT: readonly SettingsField[] = ["timeoutSeconds", "maxAttempts", "schedule"];

export function SettingsFacts({ subscription }: { subscription: Subscription }) {
  const form = settingsFormOf(subscription);
  return (
    <section className="card" aria-label={t("subscription.tab.settings")}>
      <dl className="facts">
        {SHOWN.map((field) => (
          <Fragment key={field}>
            <dt>{t(`settings.field.${field}`)}</dt>
            <dd>{shownOf(form, field) || t(WITH_DEFAULT.includes(field) ? "settings.default" : "settings.none")}</dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}

function shownOf(form: SettingsForm, field: SettingsField): string {
  if (field !== "language") return [form[field]].flat().join(", ");
  return form.language === "" ? t("settings.languageOfGroup") : t(`account.mailLanguages.${form.language}`);
}
