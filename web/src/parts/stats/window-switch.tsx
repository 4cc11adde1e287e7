/** For how long back figures are shown. */
import { t } from "../../i18n/index.js";
import { STATS_WINDOWS, type StatsWindow } from "./stats.js";

export function WindowSwitch({ value, choose }: { value: StatsWindow; choose: (to: StatsWindow) => void }) {
  return (
    <select
      aria-label={t("filters.window")}
      value={value}
      onChange={({ target }) => {
        const chosen = STATS_WINDOWS.find((each) => each === target.value);
        if (chosen) choose(chosen);
      }}
    >
      {STATS_WINDOWS.map((each) => (
        <option key={each} value={each}>
          {t(`filters.windows.-${each}`)}
        </option>
      ))}
    </select>
  );
}
