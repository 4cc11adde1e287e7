/** Which bytes an attempt signed, with which key, and whether the signature can be made again. Asked for on demand. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { Icon } from "../../parts/icon.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { TextViewer } from "../../parts/text/text-viewer.js";
import { rowsOf } from "../../parts/text/visible-text.js";
import styles from "./delivery.module.css";
import { signatureQuery } from "./queries.js";

type Signatures = Schemas["AttemptSignatures"];

interface SignatureCheckProps {
  deliveryId: string;
  /** Number of the attempt. */
  attempt: number;
}

export function SignatureCheck({ deliveryId, attempt }: SignatureCheckProps) {
  const [asked, setAsked] = useState(false);
  const { data, error, isFetching, refetch } = useQuery({ ...signatureQuery(deliveryId, attempt), enabled: asked });
  return (
    <div className={styles.side}>
      {!asked && (
        <button type="button" className={`button quiet ${styles.check ?? ""}`} onClick={() => setAsked(true)}>
          {t("delivery.signature.check")}
        </button>
      )}
      <div role="status">{isFetching && t("app.loading")}</div>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {data && <Checked signatures={data} />}
    </div>
  );
}

const ICONS = { matches: "good", differs: "stop", secret_gone: "off" } as const;

function Checked({ signatures: { attempt, signatures, signed } }: { signatures: Signatures }) {
  return (
    <section className={styles.side} aria-label={t("delivery.signature.title", { number: attempt })}>
      <h3>{t("delivery.signature.title", { number: attempt })}</h3>
      {signatures.length === 0 && <p>{t("delivery.signature.none")}</p>}
      <ul className={styles.siblings}>
        {signatures.map(({ scheme, label, keyid, secretPrefix, result }, index) => (
          <li key={index}>
            <Icon name={ICONS[result]} />
            <strong>{t(`delivery.signature.result.${result}`)}</strong>
            <code>{[scheme, label].filter(Boolean).join(" ")}</code>
            <span className="quiet">
              {keyid !== undefined && t("delivery.signature.key", { keyid })}{" "}
              {secretPrefix !== undefined && t("delivery.signature.secret", { prefix: secretPrefix })}
            </span>
          </li>
        ))}
      </ul>
      {signed?.map(({ text, encoding, size }, index) => (
        <div key={index} className={styles.side}>
          <p className="quiet">
            {t("delivery.signature.bytes", { count: size })}
            {encoding === "base64" && ` ${t("delivery.signature.base64")}`}
          </p>
          <TextViewer label={t("delivery.signature.signed", { number: index + 1 })} rows={rowsOf(text)} />
        </div>
      ))}
    </section>
  );
}
