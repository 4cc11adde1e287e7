/** One subscription: how its endpoint does, what was sent, how it is set, how it is protected, and who did what. */
import { isOwnType } from "../../api/own-api.js";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { mayDo } from "../../api/access.js";
import { problemOf } from "../../api/problem.js";
import { groupsQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { endpointName } from "../../parts/names.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { CertificateEnd } from "../../parts/subscription/certificate-end.js";
import { useLiveSubscription } from "../../parts/subscription/live.js";
import { type Subscription, taggedQuery } from "../../parts/subscription/model.js";
import { meaningOf, SubscriptionStatusText } from "../../parts/subscription/state-text.js";
import { SubscriptionActs } from "./acts/subscription-acts.js";
import { DeliveriesTab } from "./deliveries-tab.js";
import { HealthTab } from "./health-tab.js";
import { HistoryTab } from "./history-tab.js";
import { SecurityTab } from "./security/security-tab.js";
import { SettingsTab } from "./settings/settings-tab.js";
import styles from "./subscription.module.css";
import { type Tab, TABS } from "./tabs.js";
import { ToldHistory } from "./told-history.js";

/** The guide leads from these into service. */
const BEFORE_SERVICE: readonly Subscription["status"][] = ["draft", "verified", "submitted", "approved", "rejected"];

export function SubscriptionScreen({ id }: { id: string }) {
  const me = useMe();
  const { tab: asked } = useSearch({ from: "/subscriptions/$id" });
  const { data: tagged, error, refetch } = useQuery(taggedQuery(id));
  const leaving = useLiveSubscription(id);
  // Deleted meanwhile, or out of this person's sight: what was known of it is not shown any more.
  const isGone = problemOf(error).code === "not_found";
  if (!tagged || isGone)
    return (
      <Page title={t("subscription.title")}>
        {error ? <ProblemNotice error={error} again={() => void refetch()} /> : <Skeleton />}
      </Page>
    );
  const { data: subscription, etag } = tagged;
  const tab = asked ?? "health";
  return (
    <Page
      title={endpointName(subscription)}
      beside={<SubscriptionActs subscription={subscription} me={me} leaving={leaving} />}
    >
      <div className={styles.page}>
        {error && <ProblemNotice error={error} again={() => void refetch()} />}
        <Head subscription={subscription} mayChange={mayDo(me.role, "subscriptions:write")} />
        <Tabs current={tab} />
        {tab === "health" && <HealthTab subscription={subscription} />}
        {tab === "deliveries" && <DeliveriesTab subscriptionId={id} />}
        {tab === "settings" && <SettingsTab subscription={subscription} etag={etag} me={me} />}
        {tab === "security" && <SecurityTab subscription={subscription} etag={etag} me={me} />}
        {tab === "history" &&
          (mayDo(me.role, "audit:read") ? <HistoryTab subscriptionId={id} /> : <ToldHistory id={id} />)}
      </div>
    </Page>
  );
}

interface HeadProps {
  subscription: Subscription;
  mayChange: boolean;
}

function Head({ subscription, mayChange }: HeadProps) {
  const { data: groups } = useQuery(groupsQuery);
  const { id, url, urlUnicode, urlWarnings, groupId, status, statusReason, eventTypes, clientCertExpiresAt } =
    subscription;
  return (
    <section className="card" aria-label={t("subscription.facts")}>
      <dl className="facts">
        <dt>{t("subscriptions.column.status")}</dt>
        <dd>
          <SubscriptionStatusText subscription={subscription} /> {meaningOf(subscription)}
          {statusReason !== undefined && <span className="quiet">{` ${t("requests.reason")}: ${statusReason}`}</span>}
          {mayChange && BEFORE_SERVICE.includes(status) && (
            <p>
              <Link to="/subscriptions/new" search={{ id, step: status === "draft" ? "protection" : "finish" }}>
                {t("create.goOnInGuide")}
              </Link>
            </p>
          )}
          {eventTypes.some(isOwnType) && <p className="quiet">{t("subscription.noEventsAboutIt")}</p>}
        </dd>
        <dt>URL</dt>
        <dd>
          {url}
          {urlUnicode !== undefined && <span className="quiet"> {urlUnicode}</span>}
          {urlWarnings?.map((warning) => (
            <p key={warning} className={styles.warning}>
              {warning}
            </p>
          ))}
        </dd>
        {clientCertExpiresAt !== undefined && (
          <>
            <dt>{t("subscriptions.column.certificate")}</dt>
            <dd>
              <CertificateEnd at={clientCertExpiresAt} />{" "}
              <Link to="/subscriptions/$id" params={{ id }} search={(before) => ({ ...before, tab: "security" })}>
                {t("subscription.lookAtCertificates")}
              </Link>
            </dd>
          </>
        )}
        <dt>{t("subscriptions.column.group")}</dt>
        <dd>{groups?.data.find((each) => each.id === groupId)?.name ?? <code>{groupId}</code>}</dd>
        <dt>{t("subscription.id")}</dt>
        <dd>
          <code>{id}</code>
        </dd>
      </dl>
    </section>
  );
}

/** Each part has an address of its own, so these are links. */
function Tabs({ current }: { current: Tab }) {
  return (
    <nav className={styles.tabs} aria-label={t("subscription.parts")}>
      <ul>
        {TABS.map((tab) => (
          <li key={tab}>
            <Link
              from="/subscriptions/$id"
              to="."
              search={(before) => ({ ...before, tab })}
              aria-current={tab === current ? "page" : undefined}
              data-current={tab === current || undefined}
              resetScroll={false}
            >
              {t(`subscription.tab.${tab}`)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
