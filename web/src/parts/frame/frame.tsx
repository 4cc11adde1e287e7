/** What stands around every screen: where one can go, as whom one acts, and the tools of the top. */
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { useState } from "react";
import { meQuery, useMe } from "../../api/queries.js";
import { isSessionEnded } from "../../api/problem.js";
import { useSessionEnded } from "../../api/session-end.js";
import { t } from "../../i18n/index.js";
import { useKeys } from "../../keys/keys.js";
import { ZoneProvider, ZoneSwitch } from "../../time/zone.js";
import { Icon } from "../icon.js";
import { ProblemNotice } from "../problem-notice.js";
import { HelpDialog } from "./help-dialog.js";
import { Navigation } from "./navigation.js";
import { ApiSwitch } from "./api-switch.js";
import { GroupSwitch } from "./group-switch.js";
import { ActingBar, RoleSwitch } from "./role-switch.js";
import { SearchBox } from "./search-box.js";
import { SessionEnded, SessionEndsSoon } from "./session-notice.js";
import styles from "./frame.module.css";

export function Frame() {
  const { data, error, refetch } = useQuery(meQuery);
  const ended = useSessionEnded();
  return (
    <ZoneProvider>
      <a className={styles.skip} href="#main">
        {t("app.skip")}
      </a>
      {ended && <SessionEnded />}
      {data ? <Loaded /> : error ? <Failed error={error} again={() => void refetch()} /> : <Loading />}
    </ZoneProvider>
  );
}

/** Before it is known who is logged in. */
function Loading() {
  return (
    <main id="main" className={styles.alone} aria-busy="true">
      <p className="quiet" role="status">
        {t("app.loading")}
      </p>
    </main>
  );
}

function Failed({ error, again }: { error: unknown; again: () => void }) {
  return (
    <main id="main" className={styles.alone}>
      <h1>{t("app.name")}</h1>
      {!isSessionEnded(error) && <ProblemNotice error={error} again={again} />}
    </main>
  );
}

function Loaded() {
  const me = useMe();
  const [help, setHelp] = useState(false);
  useKeys({ "?": () => setHelp(true) });
  return (
    <div className={styles.frame}>
      <header className={styles.top}>
        <a className={styles.brand} href="/portal">
          {t("app.name")}
        </a>
        <SearchBox />
        <div className={styles.tools} role="group" aria-label={t("frame.tools")}>
          <GroupSwitch me={me} />
          <ApiSwitch me={me} />
          <ZoneSwitch />
          <RoleSwitch me={me} />
          <button type="button" className={styles.icon} aria-label={t("frame.help")} onClick={() => setHelp(true)}>
            <Icon name="help" />
          </button>
        </div>
      </header>
      <ActingBar role={me.role} />
      <SessionEndsSoon me={me} />
      <Navigation role={me.role} />
      {/* Another role sees other things: what a screen holds of the one before is dropped. */}
      <main id="main" className={styles.main} key={me.role}>
        <Outlet />
      </main>
      {help && <HelpDialog role={me.role} close={() => setHelp(false)} />}
    </div>
  );
}
