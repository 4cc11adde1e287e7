/** The certificates that the endpoint showed when the TLS handshake failed, its own first. */
import type { Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { TimeText } from "../../parts/time-text.js";
import styles from "./delivery.module.css";

type Certificate = NonNullable<NonNullable<Schemas["Attempt"]["detail"]>["certificates"]>[number];

export function Certificates({ certificates }: { certificates: readonly Certificate[] }) {
  if (certificates.length === 0) return null;
  return (
    <section className={styles.side} aria-label={t("delivery.certificate.title")}>
      <h3>{t("delivery.certificate.title")}</h3>
      <ol className={styles.certificates}>
        {certificates.map((certificate) => (
          <li key={certificate.sha256}>
            <dl className="facts">
              <dt>{t("delivery.certificate.subject")}</dt>
              <dd>{certificate.subject}</dd>
              <dt>{t("delivery.certificate.names")}</dt>
              <dd>{namesOf(certificate)}</dd>
              <dt>{t("delivery.certificate.issuer")}</dt>
              <dd>{certificate.issuer}</dd>
              <dt>{t("delivery.certificate.from")}</dt>
              <dd>
                <TimeText at={certificate.notBefore} />
              </dd>
              <dt>{t("delivery.certificate.until")}</dt>
              <dd>
                <TimeText at={certificate.notAfter} />
              </dd>
              <dt>{t("delivery.certificate.serial")}</dt>
              <dd>
                <code>{certificate.serial}</code>
              </dd>
              <dt>SHA-256</dt>
              <dd>
                <code>{certificate.sha256}</code>
              </dd>
            </dl>
          </li>
        ))}
      </ol>
    </section>
  );
}

function namesOf({ names, moreNames }: Certificate): string {
  if (names.length === 0) return t("delivery.certificate.noNames");
  return names.join(", ") + (moreNames === undefined ? "" : ` ${t("delivery.certificate.more", { count: moreNames })}`);
}
