/** The status of a subscription and the health of its endpoint: a drawing and a word, never a colour alone. */
import { t } from "../../i18n/index.js";
import { Icon, type IconName } from "../icon.js";
import styles from "../status-text.module.css";
import type { Health, Subscription, SubscriptionStatus } from "./model.js";

type Tone = "good" | "quiet" | "warn" | "bad";
interface Look {
  icon: IconName;
  tone: Tone;
}

const STATUS: Record<SubscriptionStatus, Look> = {
  draft: { icon: "draft", tone: "quiet" },
  verified: { icon: "good", tone: "quiet" },
  submitted: { icon: "clock", tone: "warn" },
  approved: { icon: "good", tone: "quiet" },
  rejected: { icon: "stop", tone: "bad" },
  active: { icon: "good", tone: "good" },
  paused: { icon: "hold", tone: "warn" },
  suspended: { icon: "hold", tone: "bad" },
  disabled: { icon: "off", tone: "bad" },
};
const HEALTH: Record<Health["state"], Look> = {
  healthy: { icon: "healthy", tone: "good" },
  degraded: { icon: "degraded", tone: "warn" },
  failing: { icon: "failing", tone: "bad" },
  recovering: { icon: "again", tone: "warn" },
  disabled: { icon: "off", tone: "bad" },
};

const classOf = (tone: Tone): string => `${styles.status ?? ""} ${styles[tone] ?? ""}`;

export function SubscriptionStatusText({ subscription }: { subscription: Subscription }) {
  const { status, needsVerification, requestedEventTypes } = subscription;
  const { icon, tone } = STATUS[status];
  return (
    <>
      <span className={classOf(tone)}>
        <Icon name={icon} />
        {t(`subscriptionStatus.${status}`)}
      </span>
      {needsVerification && <span className="quiet"> {t("subscription.needsVerification")}</span>}
      {requestedEventTypes && <span className="quiet"> {t("subscription.typesWait")}</span>}
    </>
  );
}

/** What the status means for deliveries now. While the breaker holds them, an endpoint in service gets none. */
export function meaningOf({ status, health }: Pick<Subscription, "status" | "health">): string {
  const state = health?.state;
  if (status === "active" && (state === "failing" || state === "recovering")) return t(`subscriptionHeld.${state}`);
  return t(`subscriptionMeaning.${status}`);
}

/** By the state alone, as it stands in the record. */
export function StateOfHealthText({ state }: { state: keyof typeof HEALTH }) {
  const { icon, tone } = HEALTH[state];
  return (
    <span className={classOf(tone)}>
      <Icon name={icon} />
      {t(`health.${state}`)}
    </span>
  );
}

interface HealthTextProps {
  state: Health["state"];
  /** Of the last 24 hours. Undefined: not known. */
  attempts: number | undefined;
}

export function HealthText({ state, attempts }: HealthTextProps) {
  const { icon, tone } = HEALTH[state];
  // Where nothing was sent, the API says healthy. A person would take that for a proof.
  const quiet = state === "healthy" && attempts === 0;
  return (
    <span className={classOf(quiet ? "quiet" : tone)}>
      <Icon name={quiet ? "clock" : icon} />
      {t(quiet ? "health.nothingSent" : `health.${state}`)}
    </span>
  );
}
