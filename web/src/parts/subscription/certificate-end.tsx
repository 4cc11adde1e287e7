/** When a certificate ends, and how soon that is. */
import { t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import { DAY_MS } from "../../time/format.js";
import { useNow } from "../../time/now.js";
import { Icon } from "../icon.js";
import { TimeText } from "../time-text.js";
import styles from "./subscription.module.css";

/** From here on a person has to act. */
const SOON_DAYS = 30;

export function CertificateEnd({ at }: { at: string }) {
  const now = useNow();
  const days = Math.floor((new Date(at).getTime() - now) / DAY_MS);
  const number = numberOf(Math.max(days, 0));
  return (
    <span className={styles.end}>
      <TimeText at={at} />
      <span className={days < SOON_DAYS ? styles.soon : "quiet"}>
        {days < SOON_DAYS && <Icon name="spent" />}
        {days < 0 ? t("certificate.ended") : t("certificate.daysLeft", { count: days, number })}
      </span>
    </span>
  );
}
