/** The settings for who may only read them. */
import { Fragment } from "react";
import { t } from "../../../i18n/index.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { type SettingsField, settingsFormOf } from "./form.js";

const SHOWN: readonly SettingsField[] = [
  "name",
  "description",
  "contacts",
  "labels",
  "externalId",
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
            <dd>
              {[form[field]].flat().join(", ") ||
                t(WITH_DEFAULT.includes(field) ? "settings.default" : "settings.none")}
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}
