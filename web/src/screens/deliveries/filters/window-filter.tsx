/** From when to when: the last minutes, hours or days, or two times in the zone that is shown. */
import { type FormEvent, useState } from "react";
import { useSyncedText } from "../../../parts/draft.js";
import { t } from "../../../i18n/index.js";
import type { Zone } from "../../../time/format.js";
import { wallTimeOf, writtenAt } from "../../../time/wall-time.js";
import { useZone } from "../../../time/zone.js";
import { type DeliveriesSearch, instantOf, WINDOWS } from "./filters.js";
import styles from "./filter-bar.module.css";

interface WindowFilterProps {
  search: DeliveriesSearch;
  apply: (changes: { since: string; until: string }) => void;
}

const isWindow = (text: string | undefined): boolean => WINDOWS.some((each) => each === text);

export function WindowFilter({ search, apply }: WindowFilterProps) {
  const isCustom = (search.since !== undefined && !isWindow(search.since)) || search.until !== undefined;
  const [custom, setCustom] = useState(isCustom);
  const value = custom ? "custom" : (search.since ?? "");
  const choose = (chosen: string) => {
    setCustom(chosen === "custom");
    if (chosen !== "custom") apply({ since: chosen, until: "" });
  };
  return (
    <>
      <div className="field">
        <label htmlFor="window">{t("filters.window")}</label>
        <select id="window" value={value} onChange={({ target }) => choose(target.value)}>
          <option value="">{t("filters.windows.any")}</option>
          {WINDOWS.map((each) => (
            <option key={each} value={each}>
              {t(`filters.windows.${each}`)}
            </option>
          ))}
          <option value="custom">{t("filters.windows.custom")}</option>
        </select>
      </div>
      {custom && <CustomWindow search={search} apply={apply} />}
    </>
  );
}

function shownTime(text: string | undefined, zone: Zone): string {
  // A window that is reckoned from now has no two times to show.
  const at = text === undefined || text.startsWith("-") ? undefined : instantOf(text, 0);
  return at ? wallTimeOf(at, zone) : "";
}

function CustomWindow({ search, apply }: WindowFilterProps) {
  const zone = useZone();
  const [since, setSince] = useSyncedText(shownTime(search.since, zone));
  const [until, setUntil] = useSyncedText(shownTime(search.until, zone));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply({ since: writtenAt(since, search.since, zone), until: writtenAt(until, search.until, zone) });
  };
  return (
    <form className={styles.custom} onSubmit={submit}>
      <div className="field">
        <label htmlFor="since">{t("filters.since", { zone })}</label>
        <input
          id="since"
          type="datetime-local"
          step={1}
          value={since}
          onChange={({ target }) => setSince(target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor="until">{t("filters.until", { zone })}</label>
        <input
          id="until"
          type="datetime-local"
          step={1}
          value={until}
          onChange={({ target }) => setUntil(target.value)}
        />
      </div>
      <button className="button quiet">{t("filters.apply")}</button>
    </form>
  );
}
