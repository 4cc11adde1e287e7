/** The status of a delivery: a drawing and a word, never a colour alone. */
import type { Schemas } from "../api/client.js";
import { t } from "../i18n/index.js";
import { Icon, type IconName } from "./icon.js";
import styles from "./status-text.module.css";

type Status = Schemas["DeliverySummary"]["status"];

const LOOK: Record<Status, { icon: IconName; tone: "good" | "quiet" | "warn" | "bad" }> = {
  pending: { icon: "clock", tone: "quiet" },
  delivered: { icon: "good", tone: "good" },
  retrying: { icon: "again", tone: "warn" },
  throttled: { icon: "slow", tone: "quiet" },
  held: { icon: "hold", tone: "warn" },
  parked: { icon: "stop", tone: "bad" },
  exhausted: { icon: "spent", tone: "bad" },
  cancelled: { icon: "off", tone: "quiet" },
};

export function StatusText({ status }: { status: Status }) {
  const { icon, tone } = LOOK[status];
  return (
    <span className={`${styles.status ?? ""} ${styles[tone] ?? ""}`}>
      <Icon name={icon} />
      {t(`status.${status}`)}
    </span>
  );
}
