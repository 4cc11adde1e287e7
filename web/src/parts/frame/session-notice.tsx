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

interface Ending {
  at: string;
  /** It cannot be longer: only a new log-in goes on. */
  isLast: boolean;
}

/** Undefined while the end is not near. */
function endingOf(session: Me["session"]): Ending | undefined {
  if (!session || new Date(session.endsAt).getTime() - Date.now() > WARNED_MS) return undefined;
  return { at: session.endsAt, isLast: session.endsAt >= session.expiresAt };
}

/** Five minutes before the end. Looking whether it is near is no use of the session. */
export function SessionEndsSoon({ me }: { me: Me }) {
  const zone = useZone();
  const [soon, setSoon] = useState<Ending>();
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
      setSoon(endingOf(session));
    };
    const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [ends]);
  if (soon === undefined) return null;
  const stay = async (): Promise<void> => {
    const { session } = await queryClient.fetchQuery({ ...meQuery, staleTime: 0 });
    setSoon(endingOf(session));
    // The button that had the focus is gone.
    document.querySelector("h1")?.focus({ preventScroll: true });
  };
  const time = formatTime(soon.at, zone, LOCALE);
  return (
    <div className={styles.soon}>
      <div className={noticeStyles.warn} role="status">
        <p>{t(soon.isLast ? "session.last" : "session.soon", { time })}</p>
        {soon.isLast ? (
          <a className="button" href={loginAddress(window.location)}>
            {t("session.login")}
          </a>
        ) : (
          <button type="button" className="button" onClick={() => void stay().catch(() => undefined)}>
            {t("session.stay")}
          </button>
        )}
      </div>
    </div>
  );
}
