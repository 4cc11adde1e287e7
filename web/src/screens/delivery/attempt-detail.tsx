/**
 * One attempt opened: where the time went, what was sent, what came back, and the certificates of a failed handshake.
 */
import type { ReactNode } from "react";
import { t } from "../../i18n/index.js";
import { TextViewer } from "../../parts/text/text-viewer.js";
import { rowsOf } from "../../parts/text/visible-text.js";
import { Certificates } from "./certificates.js";
import styles from "./delivery.module.css";
import type { Attempt } from "./queries.js";
import { SignatureCheck } from "./signature-check.js";
import { Timings } from "./timings.js";

interface AttemptDetailProps {
  deliveryId: string;
  attempt: Attempt;
}

export function AttemptDetail({ deliveryId, attempt }: AttemptDetailProps) {
  const { detail, status, number } = attempt;
  if (!detail) return <p className="quiet">{t("delivery.attempts.noDetail")}</p>;
  return (
    <div className={styles.detail}>
      {detail.timings && <Timings timings={detail.timings} />}
      {detail.certificates && <Certificates certificates={detail.certificates} />}
      <div className={styles.exchange}>
        <Side title={t("delivery.request.title")} id={`request-${number}`}>
          <p className={styles.line}>POST {detail.url}</p>
          <Headers headers={detail.requestHeaders} />
          <p className="quiet">{t("delivery.request.bodyBelow")}</p>
        </Side>
        <Side title={t("delivery.answer.title")} id={`answer-${number}`}>
          {status === undefined ? (
            <p className="quiet">{t("delivery.answer.none")}</p>
          ) : (
            <p className={styles.line}>HTTP {status}</p>
          )}
          {detail.responseHeaders && <Headers headers={detail.responseHeaders} />}
          <AnswerBody detail={detail} label={t("delivery.answer.bodyOf", { number })} />
        </Side>
      </div>
      <SignatureCheck deliveryId={deliveryId} attempt={number} />
    </div>
  );
}

function Side({ title, id, children }: { title: string; id: string; children: ReactNode }) {
  return (
    <section className={styles.side} aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  );
}

function Headers({ headers }: { headers: Record<string, string> }) {
  return (
    <dl className={styles.headers}>
      {Object.entries(headers).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function AnswerBody({ detail, label }: { detail: NonNullable<Attempt["detail"]>; label: string }) {
  const { responseBody, responseBodyEncoding, truncated } = detail;
  if (responseBody === undefined || responseBody === "") return <p className="quiet">{t("delivery.answer.noBody")}</p>;
  return (
    <>
      {responseBodyEncoding === "base64" && <p className="quiet">{t("delivery.answer.base64")}</p>}
      <TextViewer label={label} rows={rowsOf(responseBody)} />
      {truncated && <p className={styles.cut}>{t("delivery.answer.cut")}</p>}
    </>
  );
}
