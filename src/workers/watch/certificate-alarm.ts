/** Client certificates that end soon. It sets a gauge for the alarm, and logs a line that names the subscription. */
import type { Logger } from "pino";
import type { Subscription } from "../../store/model.js";
import { certificateEnd } from "../../endpoint/certificates/client-certificate.js";
import type { Metrics } from "../../metrics.js";
import { DAY_MS } from "../../workflows/durations.js";

/** Days before the end at which the log says so, once each. */
const WARN_DAYS = [1, 7, 30] as const;

export interface CertificateAlarmDependencies {
  subscriptions: () => Promise<readonly Pick<Subscription, "id" | "groupId" | "tls">[]>;
  metrics: Pick<Metrics, "clientCertificateEnd">;
  log: Logger;
}

/**
 * Looks at all client certificates as of `now`. It is called regularly, and logs each step of each certificate once.
 */
export function createCertificateAlarm({
  subscriptions,
  metrics,
  log,
}: CertificateAlarmDependencies): (now?: Date) => Promise<void> {
  /** The step that was logged last, by subscription and end. */
  const told = new Map<string, number>();
  return async (now = new Date()) => {
    let soonest: number | undefined;
    const present = new Set<string>();
    for (const { id, groupId, tls } of await subscriptions()) {
      const end = tls?.clientCert === undefined ? undefined : certificateEnd(tls.clientCert);
      if (!end) continue;
      soonest = Math.min(soonest ?? Infinity, end.getTime());
      const days = (end.getTime() - now.getTime()) / DAY_MS;
      const step = days <= 0 ? 0 : WARN_DAYS.find((each) => days <= each);
      const key = `${id} ${end.getTime()}`;
      present.add(key);
      if (step === undefined || told.get(key) === step) continue;
      told.set(key, step);
      log.warn(
        { subscription: id, group: groupId, end: end.toISOString(), days: Math.floor(days) },
        step === 0 ? "a client certificate has ended" : "a client certificate ends soon",
      );
    }
    for (const key of told.keys()) if (!present.has(key)) told.delete(key);
    metrics.clientCertificateEnd.set(soonest === undefined ? 0 : soonest / 1_000);
  };
}
