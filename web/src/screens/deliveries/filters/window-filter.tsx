/** From when to when: the last minutes, hours or days, or two times in the zone that is shown. */
import { lazy, Suspense, useState } from "react";
import { t } from "../../../i18n/index.js";
import { type DeliveriesSearch, instantOf, WINDOWS } from "./filters.js";

/** Few people need it, and it is as large as a screen. */
const RangePicker = lazy(() => import("./range-picker.js"));

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

/** A window that begins here, until a person chooses. */
const FIRST = "-24h";

function CustomWindow({ search, apply }: WindowFilterProps) {
  const [now] = useState(() => Math.floor(Date.now() / 1_000) * 1_000);
  const since = instantOf(search.since, now) ?? instantOf(FIRST, now) ?? new Date(now);
  const until = instantOf(search.until, now);
  return (
    <Suspense fallback={<p className="quiet">{t("app.loading")}</p>}>
      <RangePicker
        since={since}
        until={until}
        apply={(from, to) => apply({ since: from.toISOString(), until: to?.toISOString() ?? "" })}
      />
    </Suspense>
  );
}
