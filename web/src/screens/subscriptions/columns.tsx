/** The columns of the list, which of them are shown, and the menu that chooses. The browser remembers it. */
import { useState } from "react";
import { t } from "../../i18n/index.js";
import { Popup } from "../../parts/popup.js";

export const SUBSCRIPTION_COLUMNS = [
  "name",
  "group",
  "status",
  "health",
  "day",
  "waiting",
  "protection",
  "certificate",
] as const;
export type SubscriptionColumn = (typeof SUBSCRIPTION_COLUMNS)[number];

/** The way to the subscription is in the first column, so it stays. */
const FIXED: SubscriptionColumn = "name";
const STORED = "sealpost.subscriptions.columns.hidden";

export interface ShownColumns {
  shown: readonly SubscriptionColumn[];
  toggle: (column: SubscriptionColumn) => void;
}

export function useSubscriptionColumns(): ShownColumns {
  const [hidden, setHidden] = useState<readonly string[]>(localStorage.getItem(STORED)?.split(",") ?? []);
  return {
    shown: SUBSCRIPTION_COLUMNS.filter((column) => column === FIXED || !hidden.includes(column)),
    toggle(column) {
      const next = hidden.includes(column) ? hidden.filter((each) => each !== column) : [...hidden, column];
      localStorage.setItem(STORED, next.join(","));
      setHidden(next);
    },
  };
}

export function SubscriptionColumnsMenu({ shown, toggle }: ShownColumns) {
  return (
    <Popup label={t("deliveries.columns")}>
      <fieldset>
        <legend className="unseen">{t("deliveries.columns")}</legend>
        {SUBSCRIPTION_COLUMNS.filter((column) => column !== FIXED).map((column) => (
          <label key={column} className="row">
            <input type="checkbox" checked={shown.includes(column)} onChange={() => toggle(column)} />
            {t(`subscriptions.column.${column}`)}
          </label>
        ))}
      </fieldset>
    </Popup>
  );
}
