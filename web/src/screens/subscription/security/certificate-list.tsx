/** Certificates read out, each with how long it is still good. */
import type { Schemas } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { CertificateEnd } from "../../../parts/subscription/certificate-end.js";
import { TimeText } from "../../../parts/time-text.js";
import styles from "../subscription.module.css";

interface CertificateListProps {
  title: string;
  certificates: readonly Schemas["Certificate"][];
}

export function CertificateList({ title, certificates }: CertificateListProps) {
  return (
    <>
      <h3 className={styles.subheading}>{title}</h3>
      {certificates.map(({ subject, issuer, serial, names, notBefore, notAfter, sha256 }) => (
        // No landmark: a chain and an authority of the subscription may hold the same certificate.
        <div key={sha256} role="group" className="card" aria-label={subject}>
          <dl className="facts">
            <dt>{t("delivery.certificate.subject")}</dt>
            <dd>{subject}</dd>
            {names.length > 0 && (
              <>
                <dt>{t("delivery.certificate.names")}</dt>
                <dd>{names.join(", ")}</dd>
              </>
            )}
            <dt>{t("delivery.certificate.issuer")}</dt>
            <dd>{issuer}</dd>
            <dt>{t("delivery.certificate.from")}</dt>
            <dd>
              <TimeText at={notBefore} />
            </dd>
            <dt>{t("delivery.certificate.until")}</dt>
            <dd>
              <CertificateEnd at={notAfter} />
            </dd>
            <dt>{t("delivery.certificate.serial")}</dt>
            <dd>
              <code>{serial}</code>
            </dd>
            <dt>SHA-256</dt>
            <dd>
              <code>{sha256}</code>
            </dd>
          </dl>
        </div>
      ))}
    </>
  );
}
