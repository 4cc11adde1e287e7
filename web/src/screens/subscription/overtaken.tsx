/** Said when somebody else has saved meanwhile: what they changed, and the way to keep both changes. */
import { t } from "../../i18n/index.js";
import notice from "../../parts/notice.module.css";
import { LastChange } from "./told-history.js";

interface OvertakenProps {
  /** Of the subscription. */
  id: string;
  /** What somebody else has changed. Secrets are never among it. */
  theirs: readonly { name: string; before: string; now: string }[];
  keep: () => void;
}

export function Overtaken({ id, theirs, keep }: OvertakenProps) {
  return (
    <div className={notice.warn} role="alert">
      <p className={notice.title}>{t("settings.overtaken")}</p>
      <LastChange id={id} />
      <ul>
        {theirs.map(({ name, before, now }) => (
          <li key={name}>
            {name}: {t("settings.theirs", { before: before || t("account.none"), now: now || t("account.none") })}
          </li>
        ))}
      </ul>
      <button type="button" className="button quiet" onClick={keep}>
        {t("settings.keepMine")}
      </button>
    </div>
  );
}
