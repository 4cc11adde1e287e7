/** Who is logged in, in which role, in which groups and until when. The log-out is here too. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Me, meQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { KeysSwitch } from "../../parts/frame/help-dialog.js";
import { RoleSwitch } from "../../parts/frame/role-switch.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { TimeText } from "../../parts/time-text.js";
import { MailCard } from "./mail-card.js";
import { SessionsCard } from "./sessions-card.js";
import styles from "./account.module.css";

export function Account() {
  const me = useMe();
  // What the session's end is said to be is from now.
  const { error, refetch } = useQuery({ ...meQuery, refetchOnMount: "always" });
  return (
    <Page title={t("account.title")}>
      <div className={styles.cards}>
        {error && <ProblemNotice error={error} again={() => void refetch()} />}
        <Person me={me} />
        {me.session && <Session session={me.session} />}
        {me.session && <SessionsCard />}
        {me.session && <MailCard />}
        <section className="card" aria-labelledby="device">
          <h2 id="device">{t("account.settings")}</h2>
          <KeysSwitch />
        </section>
      </div>
    </Page>
  );
}

function Person({ me }: { me: Me }) {
  const { displayName, email, id, connection, role, groups, apis } = me;
  return (
    <section className="card" aria-labelledby="person">
      <h2 id="person">{t("account.who")}</h2>
      <dl className="facts">
        {displayName !== undefined && <Fact name={t("account.name")}>{displayName}</Fact>}
        {email !== undefined && <Fact name={t("account.email")}>{email}</Fact>}
        {connection && <Fact name={t("account.connection")}>{connection.name}</Fact>}
        <Fact name={t("account.role")}>
          {t(`roles.${role}`)}: {t(`roleMeanings.${role}`)}
        </Fact>
        {role === "consumer" && <Fact name={t("account.groups")}>{namesOf(groups) || t("account.none")}</Fact>}
        {role === "provider" && <Fact name={t("account.apis")}>{namesOf(apis) || t("account.allApis")}</Fact>}
        <Fact name={t("account.id")}>
          <code>{id}</code>
        </Fact>
      </dl>
      {me.roles.length > 1 && (
        <div className="row">
          <span>{t("frame.role")}</span>
          <RoleSwitch me={me} />
        </div>
      )}
    </section>
  );
}

const namesOf = (named: { name: string }[] = []): string => named.map(({ name }) => name).join(", ");

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Log-out is a form: it may lead on to the identity provider, which a script cannot follow. */
function Session({ session }: { session: NonNullable<Me["session"]> }) {
  return (
    <section className="card" aria-labelledby="session">
      <h2 id="session">{t("account.session")}</h2>
      <dl className="facts">
        <Fact name={t("account.started")}>
          <TimeText at={session.startedAt} />
        </Fact>
        <Fact name={t("account.idleEnd")}>
          <TimeText at={session.endsAt} />
        </Fact>
        <Fact name={t("account.lastEnd")}>
          <TimeText at={session.expiresAt} />
        </Fact>
      </dl>
      <div className="row">
        <form method="post" action="/logout">
          <button className="button">{t("account.logout")}</button>
        </form>
        <form method="post" action="/logout/everywhere">
          <button className="button plain">{t("account.logoutEverywhere")}</button>
        </form>
      </div>
    </section>
  );
}
