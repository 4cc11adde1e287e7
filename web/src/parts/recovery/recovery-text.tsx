/** The status of a recovery and its filter in words. */
import { LOCALE, t } from "../../i18n/index.js";
import { formatTime, type Zone } from "../../time/format.js";
import { useZone } from "../../time/zone.js";
import { Icon, type IconName } from "../icon.js";
import { useNames, type Names } from "../names.js";
import styles from "../status-text.module.css";
import type { Recovery, RecoveryStatus } from "./model.js";

const LOOK: Record<RecoveryStatus, { icon: IconName; tone: "good" | "quiet" | "warn" | "bad" }> = {
  waiting: { icon: "clock", tone: "warn" },
  running: { icon: "again", tone: "quiet" },
  paused: { icon: "hold", tone: "warn" },
  done: { icon: "good", tone: "good" },
  cancelled: { icon: "off", tone: "quiet" },
  refused: { icon: "stop", tone: "bad" },
  expired: { icon: "spent", tone: "quiet" },
  failed: { icon: "stop", tone: "bad" },
};

export function RecoveryStatusText({ status }: { status: RecoveryStatus }) {
  const { icon, tone } = LOOK[status];
  return (
    <span className={`${styles.status ?? ""} ${styles[tone] ?? ""}`}>
      <Icon name={icon} />
      {t(`recoveries.status.${status}`)}
    </span>
  );
}

/** What is sent, to whom, and of which time. */
export function filterWords(filter: Recovery["filter"], names: Names, zone: Zone): string {
  const { mode, status, subscriptionId, groupId, eventType, since, until } = filter;
  const what = mode
    ? t("recoveries.missing")
    : (status ?? []).map((each) => t(`status.${each}`).toLocaleLowerCase(LOCALE)).join(", ");
  const whom =
    subscriptionId !== undefined
      ? names.endpoint(subscriptionId)
      : groupId !== undefined
        ? names.group(groupId)
        : t("recoveries.everyGroup");
  const window = [since, until].map((at) => (at === undefined ? t("recoveries.now") : formatTime(at, zone, LOCALE)));
  return [what, whom, ...(eventType === undefined ? [] : [eventType]), window.join(" – ")].join(" · ");
}

export function FilterWords({ filter }: { filter: Recovery["filter"] }) {
  const zone = useZone();
  const names = useNames(filter.subscriptionId === undefined ? [] : [filter.subscriptionId]);
  return <>{filterWords(filter, names, zone)}</>;
}
