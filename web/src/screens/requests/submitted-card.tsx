/** One subscription that waits: who asked, for what, whether its endpoint is verified, and what would change. */
import { Link } from "@tanstack/react-router";
import type { Me } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { ActorNames } from "../../parts/actor-names.js";
import { endpointName } from "../../parts/names.js";
import type { Subscription } from "../../parts/subscription/model.js";
import { SubscriptionStatusText } from "../../parts/subscription/state-text.js";
import { TechniqueList } from "../../parts/subscription/technique-list.js";
import { TimeText } from "../../parts/time-text.js";
import { type StepName, stepsFor } from "../subscription/acts/possible-acts.js";
import { typeDifference } from "./differences.js";
import styles from "./requests.module.css";

interface SubmittedCardProps {
  subscription: Subscription;
  group: string;
  me: Me;
  decide: (step: StepName) => void;
}

export function SubmittedCard({ subscription, group, me, decide }: SubmittedCardProps) {
  const { id, url, urlWarnings, verifiedAt, history, status, askedBy = [] } = subscription;
  // What waits of one in service is further event types. The reason of its first submission says nothing about them.
  const submission = status === "submitted" ? history.find(({ to }) => to === "submitted") : undefined;
  return (
    <>
      <h3 className={styles.name}>
        <Link to="/subscriptions/$id" params={{ id }} preload={false}>
          {endpointName(subscription)}
        </Link>{" "}
        <SubscriptionStatusText subscription={subscription} />
      </h3>
      <dl className="facts">
        <dt>{t("deliveries.column.group")}</dt>
        <dd>{group}</dd>
        <dt>URL</dt>
        <dd>
          {url}
          {urlWarnings?.map((warning) => (
            <p key={warning} className={styles.warning}>
              {warning}
            </p>
          ))}
        </dd>
        <dt>{t("requests.verified")}</dt>
        <dd>{verifiedAt === undefined ? t("requests.notVerified") : <TimeText at={verifiedAt} />}</dd>
        <dt>{t("subscriptions.column.protection")}</dt>
        <dd>
          <TechniqueList subscription={subscription} />
        </dd>
        {askedBy.length > 0 && (
          <>
            <dt>{t("requests.askedBy")}</dt>
            <dd>
              <ActorNames actors={askedBy} /> {submission && <TimeText at={submission.at} />}
            </dd>
          </>
        )}
        {submission?.reason !== undefined && (
          <>
            <dt>{t("requests.reason")}</dt>
            <dd>{submission.reason}</dd>
          </>
        )}
        <dt>{t("requests.changes")}</dt>
        <dd>
          <Difference subscription={subscription} />
        </dd>
      </dl>
      <Decision subscription={subscription} me={me} decide={decide} />
    </>
  );
}

function Difference({ subscription }: { subscription: Subscription }) {
  const difference = typeDifference(subscription);
  return (
    <ul className={styles.difference}>
      {(["added", "removed", "kept"] as const).flatMap((what) =>
        difference[what].map((name) => (
          <li key={`${what}-${name}`} className={what === "kept" ? "quiet" : undefined}>
            {t(`requests.difference.${what}`)} <code>{name}</code>
          </li>
        )),
      )}
    </ul>
  );
}

function Decision({ subscription, me, decide }: Omit<SubmittedCardProps, "group">) {
  const steps = stepsFor(me.role, subscription).filter((step) => step === "approve" || step === "reject");
  if (steps.length === 0) return null;
  if (subscription.secondPersonNeeded) return <p className="quiet">{t("subscription.secondPerson")}</p>;
  return (
    <div className="row">
      {steps.map((step) => (
        <button
          key={step}
          type="button"
          className={step === "approve" ? "button" : "button quiet"}
          onClick={() => decide(step)}
        >
          {t(`subscriptionStep.${step}.yes`, { endpoint: endpointName(subscription) })}
        </button>
      ))}
    </div>
  );
}
