/**
 * The parts of the overview. Their rows stay where they are when the figures change, so nothing moves below a pointer.
 */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { t } from "../../i18n/index.js";
import notice from "../../parts/notice.module.css";
import { Breakable } from "../../parts/breakable.js";
import { StateOfHealthText } from "../../parts/subscription/state-text.js";
import { TimeText } from "../../parts/time-text.js";
import type { KeptSearch } from "../../search-parameters.js";
import type { SubscriptionsSearch } from "../subscriptions/filters.js";
import type { OverviewFigures } from "./queries.js";
import { numberOf } from "../../i18n/number.js";
import styles from "./overview.module.css";

interface CardProps {
  overview: OverviewFigures;
  kept: KeptSearch;
}

export function Card({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** A count, and the way to what was counted. */
function Row({ label, count, more, link }: { label: string; count: number; more?: boolean; link: ReactNode }) {
  return (
    <div className={styles.row} data-some={count > 0 || undefined}>
      <dt>{count > 0 ? link : label}</dt>
      <dd>
        {numberOf(count)}
        {more && "+"}
      </dd>
    </div>
  );
}

interface DecisionsProps extends Pick<CardProps, "kept"> {
  needsYou: CardProps["overview"]["needsYou"];
}

/** What waits for the decision of somebody with this role. */
function Decisions({ needsYou, kept }: DecisionsProps) {
  const { approvals, furtherTypes, grantRequests, recoveriesToRelease } = needsYou;
  const toRequests = (label: string) => (
    <Link to="/requests" search={kept}>
      {label}
    </Link>
  );
  const words = {
    approvals: t("overview.approvals"),
    furtherTypes: t("overview.furtherTypes"),
    grantRequests: t("overview.grantRequests"),
    toRelease: t("overview.recoveriesToRelease"),
  };
  return (
    <>
      {approvals !== undefined && <Row label={words.approvals} count={approvals} link={toRequests(words.approvals)} />}
      {furtherTypes !== undefined && (
        <Row label={words.furtherTypes} count={furtherTypes} link={toRequests(words.furtherTypes)} />
      )}
      {grantRequests && (
        <Row
          label={words.grantRequests}
          count={grantRequests.count}
          more={grantRequests.atLeast}
          link={toRequests(words.grantRequests)}
        />
      )}
      {recoveriesToRelease && (
        <Row
          label={words.toRelease}
          count={recoveriesToRelease.count}
          more={recoveriesToRelease.atLeast}
          link={toRequests(words.toRelease)}
        />
      )}
    </>
  );
}

export function NeedsYou({ overview, kept }: CardProps) {
  const { needsYou, parked, subscriptions } = overview;
  const { toFinish, certificatesEnding, secretsInOverlap } = needsYou;
  const { failing = 0, disabled = 0 } = subscriptions.byHealth;
  const toSubscriptions = (label: string, search: SubscriptionsSearch) => (
    <Link to="/subscriptions" search={{ ...kept, ...search }}>
      {label}
    </Link>
  );
  const words = {
    toFinish: t("overview.toFinish"),
    parked: t("overview.parked"),
    failing: t("overview.failing"),
    disabled: t("overview.disabled"),
    ending: t("overview.certificatesEnding"),
    overlap: t("overview.secretsInOverlap"),
  };
  return (
    <Card id="needs-you" title={t("overview.needsYou")}>
      <dl className={styles.rows}>
        <Decisions needsYou={needsYou} kept={kept} />
        {toFinish !== undefined && (
          <Row label={words.toFinish} count={toFinish} link={toSubscriptions(words.toFinish, { only: "toFinish" })} />
        )}
        {parked && (
          <Row
            label={words.parked}
            count={parked.count}
            more={parked.atLeast}
            link={
              <Link to="/deliveries" search={{ ...kept, status: "parked" }}>
                {words.parked}
              </Link>
            }
          />
        )}
        <Row label={words.failing} count={failing} link={toSubscriptions(words.failing, { health: "failing" })} />
        <Row label={words.disabled} count={disabled} link={toSubscriptions(words.disabled, { status: "disabled" })} />
        <Row
          label={words.ending}
          count={certificatesEnding.count}
          link={toSubscriptions(words.ending, { ends: "30" })}
        />
        <Row
          label={words.overlap}
          count={secretsInOverlap}
          link={toSubscriptions(words.overlap, { only: "secretsInOverlap" })}
        />
      </dl>
      <CertificatesEnding first={certificatesEnding.first} kept={kept} />
    </Card>
  );
}

interface CertificatesEndingProps extends Pick<CardProps, "kept"> {
  first: CardProps["overview"]["needsYou"]["certificatesEnding"]["first"];
}

function CertificatesEnding({ first, kept }: CertificatesEndingProps) {
  if (first.length === 0) return null;
  return (
    <ul className={styles.list}>
      {first.map(({ subscriptionId, name, at }) => (
        <li key={subscriptionId}>
          <Link to="/subscriptions/$id" params={{ id: subscriptionId }} search={{ ...kept, tab: "security" }}>
            <Breakable text={name} />
          </Link>{" "}
          <span className="quiet">
            {t("overview.certificateEnds")} <TimeText at={at} />
          </span>
        </li>
      ))}
    </ul>
  );
}

const WAITING = ["pending", "retrying", "throttled", "held"] as const;

export function Waiting({ overview: { waiting }, kept }: CardProps) {
  return (
    <Card id="waits" title={t("overview.waits")}>
      {!waiting && <p>{t("overview.waitingUnread")}</p>}
      {waiting && (
        <dl className={styles.rows}>
          {WAITING.map((status) => (
            <Row
              key={status}
              label={t(`overview.waitingStatus.${status}`)}
              count={waiting.byStatus[status]}
              more={waiting.atLeast}
              link={
                <Link to="/deliveries" search={{ ...kept, status }}>
                  {t(`overview.waitingStatus.${status}`)}
                </Link>
              }
            />
          ))}
        </dl>
      )}
      <p className={styles.oldest}>
        {waiting?.oldest !== undefined && (
          <>
            {t("overview.oldest")} <TimeText at={waiting.oldest} />
          </>
        )}
      </p>
    </Card>
  );
}

/** For operators: whether events are accepted, and what does not answer. */
export function Engine({ engine }: { engine: NonNullable<OverviewFigures["engine"]> }) {
  const { ready, reason, degraded } = engine;
  return (
    <Card id="engine" title={t("overview.engine")}>
      <p className={ready ? undefined : notice.bad}>
        {t(ready ? "overview.ready" : "overview.notReady")} {reason}
      </p>
      {degraded.map((part) => (
        <p key={part} className={notice.warn}>
          {t(`overview.away.${part}`)}
        </p>
      ))}
      {ready && degraded.length === 0 && <p className="quiet">{t("overview.allAnswer")}</p>}
    </Card>
  );
}

export function Unhealthy({ overview: { failing }, kept }: CardProps) {
  return (
    <Card id="unhealthy" title={t("overview.unhealthy")}>
      {failing.length === 0 && <p>{t("overview.noneUnhealthy")}</p>}
      <ul className={styles.list}>
        {failing.map(({ subscriptionId, name, health, waiting }) => (
          <li key={subscriptionId}>
            <p className="row">
              <Link to="/subscriptions/$id" params={{ id: subscriptionId }} search={kept}>
                <Breakable text={name} />
              </Link>
              <StateOfHealthText state={health.state} />
              {health.since !== undefined && (
                <span className="quiet">
                  {t("overview.since")} <TimeText at={health.since} />
                </span>
              )}
            </p>
            {health.reason !== undefined && <p>{health.reason}</p>}
            {waiting !== undefined && waiting > 0 && (
              <p>
                <Link to="/deliveries" search={{ ...kept, subscription: subscriptionId, status: WAITING.join(",") }}>
                  {t("overview.itsWaiting", { count: waiting, number: numberOf(waiting) })}
                </Link>
              </p>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
