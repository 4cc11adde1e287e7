/**
 * Watches the end of identity providers' certificates. If a company gets no new one in time, then none of its people
 * can log in.
 */
import type { Logger } from "pino";
import type { Metrics } from "../../metrics.js";
import { certificatesEnd, EXPIRY_WARNING_MS } from "../../api/saml/certificates.js";
import type { Store } from "../../store/store.js";
import { tellNotice } from "../../store/notices/tell-notice.js";
import { certificateNotice } from "./certificate-steps.js";
import { HOUR_MS } from "../../workflows/durations.js";

export interface CertificateWatchDependencies {
  store: Pick<Store, "samlConnections" | "samlUses" | "notices">;
  metrics: Pick<Metrics, "samlCertificateExpiry" | "ownFailures">;
  log: Pick<Logger, "warn">;
  everyMs?: number;
}

/**
 * Looks at once and then every hour. One line of log for each connection whose last certificate ends within 30 days.
 */
export function watchSamlCertificates({ store, metrics, log, everyMs = HOUR_MS }: CertificateWatchDependencies): {
  stop(): void;
} {
  async function look(): Promise<void> {
    const now = Date.now();
    const ends = (await store.samlConnections.all())
      .filter(({ status }) => status === "enabled")
      .map(({ id, certificates }) => ({ id, end: certificatesEnd(certificates) }));
    for (const { id, end } of ends) {
      if (end.getTime() - now < EXPIRY_WARNING_MS)
        log.warn(
          { connection: id, expiresAt: end.toISOString() },
          "the last certificate of a SAML connection ends soon; add the identity provider's next one",
        );
      const notice = certificateNotice("saml", { subject: id }, { end, now: new Date(now) });
      if (notice) tellNotice(store, notice, log);
    }
    metrics.samlCertificateExpiry.set(Math.min(...ends.map(({ end }) => (end.getTime() - now) / 1_000)));
  }
  const failed = (error: unknown, what: string): void => {
    metrics.ownFailures.inc({ part: "saml" });
    log.warn({ err: error }, what);
  };
  const lookSafely = () => {
    void look().catch((error: unknown) => {
      metrics.samlCertificateExpiry.remove();
      failed(error, "the certificates of SAML connections could not be looked at");
    });
    void store.samlUses
      .removeExpired()
      .catch((error: unknown) => failed(error, "used SAML ids that have expired could not be removed"));
  };
  lookSafely();
  const timer = setInterval(lookSafely, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}
