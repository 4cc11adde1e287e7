/** What is said when the session has ended, or ends soon. */
import { useEffect, useState } from "react";
import { api, ask, BACKGROUND } from "../../api/client.js";
import { type Me, meQuery, queryClient } from "../../api/queries.js";
import { loginAddress } from "../../api/session-end.js";
import { LOCALE, t } from "../../i18n/index.js";
import { formatTime } from "../../time/format.js";
import { useZone } from "../../time/zone.js";
import noticeStyles from "../notice.module.css";
import styles from "./frame.module.css";

/** Over the page, which stays as it is. */
export function SessionEnded() {
  return (
    <div className={noticeStyles.warn} role="alert">
      <p className={noticeStyles.title}>{t("session.ended")}</p>
      <p>{t("session.endedDetail")}</p>
      <a className="button" href={loginAddress(window.location)}>
        {t("session.login")}
      </a>
    </div>
  );
}

const WARNED_MS = 5 * 60_000;
const LOOK_MS = 30_000;

/** Five minutes before the end. Looking whether it is near is no use of the session. */
export function SessionEndsSoon({ me }: { me: Me }) {
  const zone = useZone();
  const [soon, setSoon] = useState<string>();
  const ends = me.session?.endsAt;
  useEffect(() => {
    const look = async (): Promise<void> => {
      if (ends === undefined || new Date(ends).getTime() - Date.now() > WARNED_MS) return setSoon(undefined);
      // Other requests of this page have been uses meanwhile.
      const { session } = await queryClient.fetchQuery({
        ...meQuery,
        staleTime: 0,
        queryFn: () => ask(api.GET("/v1/me", { headers: BACKGROUND })),
      });
      const known = session?.endsAt;
      setSoon(known !== undefined && new Date(known).getTime() - Date.now() <= WARNED_MS ? known : undefined);
    };
    const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [ends]);
  if (soon === undefined) return null;
  const stay = (): void => void queryClient.fetchQuery({ ...meQuery, staleTime: 0 }).then(() => setSoon(undefined));
  return (
    <div className={styles.soon}>
      <div className={noticeStyles.warn} role="status">
        <p>{t("session.soon", { time: formatTime(soon, zone, LOCALE) })}</p>
        <button type="button" className="button" onClick={stay}>
          {t("session.stay")}
        </button>
      </div>
    </div>
  );
}
