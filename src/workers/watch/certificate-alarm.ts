/**
 * Client certificates and authorities that end soon. It sets a gauge for the alarm, logs a line that names the
 * subscription, and tells those who look after it.
 */
import type { Logger } from "pino";
import type { Notice } from "../../store/notices/notice.js";
import type { Subscription } from "../../store/model.js";
import { certificateEnd } from "../../endpoint/certificates/client-certificate.js";
import type { Metrics } from "../../metrics.js";
import { DAY_MS } from "../../workflows/durations.js";
import { certificateNotice, certificateStep } from "./certificate-steps.js";

export interface CertificateAlarmDependencies {
  subscriptions: () => Promise<readonly Pick<Subscription, "id" | "groupId" | "tls">[]>;
  metrics: Pick<Metrics, "clientCertificateEnd">;
  log: Logger;
  /** Tells of a step. One that was told is ignored. */
  tell?: (notice: Notice) => void;
}

const PARTS = [
  ["client", "clientCert", "client certificate"],
  ["ca", "ca", "certificate authority"],
] as const;

/**
 * Looks at all client certificates and authorities as of `now`. It is called regularly, and logs each step of each
 * certificate once.
 */
export function createCertificateAlarm({
  subscriptions,
  metrics,
  log,
  tell,
}: CertificateAlarmDependencies): (now?: Date) => Promise<void> {
  /** The step that was logged last, by subscription, part and end. */
  const told = new Map<string, number>();
  return async (now = new Date()) => {
    let soonest: number | undefined;
    const present = new Set<string>();
    for (const { id, groupId, tls } of await subscriptions())
      for (const [part, field, name] of PARTS) {
        const pem = tls?.[field];
        const end = pem === undefined ? undefined : certificateEnd(pem);
        if (!end) continue;
        if (part === "client") soonest = Math.min(soonest ?? Infinity, end.getTime());
        const step = certificateStep(end, now);
        const key = `${id} ${part} ${end.getTime()}`;
        present.add(key);
        if (step === undefined || told.get(key) === step) continue;
        told.set(key, step);
        const notice = certificateNotice(part, { groupId, subscriptionId: id }, { end, now });
        if (notice) tell?.(notice);
        const days = Math.floor((end.getTime() - now.getTime()) / DAY_MS);
        log.warn(
          { subscription: id, group: groupId, end: end.toISOString(), days },
          step === 0 ? `a ${name} has ended` : `a ${name} ends soon`,
        );
      }
    for (const key of told.keys()) if (!present.has(key)) told.delete(key);
    metrics.clientCertificateEnd.set(soonest === undefined ? 0 : soonest / 1_000);
  };
}
