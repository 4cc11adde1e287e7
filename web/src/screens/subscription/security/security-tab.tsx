/** How deliveries to this endpoint are proved and protected: secrets, keys and certificates, with their age and end. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { mayDo } from "../../../api/access.js";
import type { Schemas } from "../../../api/client.js";
import type { Me } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import { CertificateEnd } from "../../../parts/subscription/certificate-end.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { TechniqueList } from "../../../parts/subscription/technique-list.js";
import { TimeText } from "../../../parts/time-text.js";
import scroll from "../../../parts/rows/scroll-table.module.css";
import { certificatesQuery } from "../queries.js";
import styles from "../subscription.module.css";
import type { Tagged } from "../typed-over.js";
import { CertificateList } from "./certificate-list.js";
import { CertificateRequestForm } from "./certificate-request.js";
import { CertificateUpload } from "./certificate-upload.js";
import { ProtectionForm } from "./protection-form.js";
import { RotateDialog } from "./rotate-dialog.js";

interface SecurityTabProps extends Tagged {
  me: Me;
}

export function SecurityTab({ subscription, etag, me }: SecurityTabProps) {
  const may = mayDo(me.role, "subscriptions:write");
  return (
    <>
      <section className={styles.section} aria-labelledby="techniques">
        <h2 id="techniques">{t("subscriptions.column.protection")}</h2>
        <TechniqueList subscription={subscription} />
        {may && <ChangeProtection subscription={subscription} etag={etag} />}
        {subscription.headers && (
          <p className="quiet">{t("security.headers", { names: subscription.headers.join(", ") })}</p>
        )}
      </section>
      <Secrets subscription={subscription} may={may} />
      {subscription.keys && <Keys subscription={subscription} may={may} />}
      <Certificates subscription={subscription} />
      {may && <CertificateUpload subscription={subscription} etag={etag} />}
      {may && <CertificateRequestForm subscription={subscription} />}
    </>
  );
}

function ChangeProtection({ subscription, etag }: Tagged) {
  const [said, setSaid] = useState("");
  return (
    <details>
      <summary>{t("protection.change")}</summary>
      <ProtectionForm
        subscription={subscription}
        etag={etag}
        save={t("settings.save")}
        saved={() => setSaid(t("settings.saved"))}
      />
      <p role="status">{said}</p>
    </details>
  );
}

interface PartProps {
  subscription: Subscription;
  may: boolean;
}

function Secrets({ subscription, may }: PartProps) {
  const [rotating, setRotating] = useState(false);
  return (
    <section className={styles.section} aria-labelledby="secrets">
      <div className="row">
        <h2 id="secrets">{t("security.secrets")}</h2>
        {may && (
          <button type="button" className="button quiet" onClick={() => setRotating(true)}>
            {t("security.rotateSecret.act")}
          </button>
        )}
      </div>
      <Lives
        label="secrets"
        rows={subscription.secrets.map(({ prefix, keyid, ...life }) => ({ key: keyid, name: prefix, ...life }))}
      />
      {rotating && <RotateDialog what="secret" subscription={subscription} close={() => setRotating(false)} />}
    </section>
  );
}

function Keys({ subscription, may }: PartProps) {
  const [rotating, setRotating] = useState(false);
  const { id, keys = [] } = subscription;
  return (
    <section className={styles.section} aria-labelledby="keys">
      <div className="row">
        <h2 id="keys">{t("security.keys")}</h2>
        {may && (
          <button type="button" className="button quiet" onClick={() => setRotating(true)}>
            {t("security.rotateKeys.act")}
          </button>
        )}
      </div>
      <p className={styles.by}>
        {t("security.published")} <a href={`/jwks/${id}`}>/jwks/{id}</a>
      </p>
      <Lives label="keys" rows={keys.map(({ kid, publicKey, ...life }) => ({ key: kid, name: publicKey, ...life }))} />
      {rotating && <RotateDialog what="keys" subscription={subscription} close={() => setRotating(false)} />}
    </section>
  );
}

interface Life {
  key: string;
  name: string;
  createdAt: string;
  expiresAt?: string;
}

function Lives({ label, rows }: { label: "secrets" | "keys"; rows: readonly Life[] }) {
  return (
    <div className={scroll.scroll} role="group" aria-label={t(`security.${label}`)} tabIndex={0}>
      <table className={scroll.table} aria-label={t(`security.${label}`)}>
        <thead>
          <tr>
            <th scope="col">{t(`security.column.${label}`)}</th>
            <th scope="col">{t("security.column.since")}</th>
            <th scope="col">{t("security.column.until")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, createdAt, expiresAt }) => (
            <tr key={key}>
              <td className={styles.by}>
                <code>{name}</code>
              </td>
              <td>
                <TimeText at={createdAt} />
              </td>
              <td>{expiresAt === undefined ? t("security.current") : <TimeText at={expiresAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Certificates({ subscription: { id, tls } }: { subscription: Subscription }) {
  const { data, error, refetch } = useQuery(certificatesQuery(id));
  const nothing = data && !data.client && !data.authorities && !data.tokenAuthorities;
  return (
    <section className={styles.section} aria-labelledby="certificates">
      <h2 id="certificates">{t("security.certificates")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {tls?.minVersion !== undefined && <p>{t("security.minVersion", { version: tls.minVersion })}</p>}
      {nothing && <p className="quiet">{t("security.noCertificates")}</p>}
      {data?.endpoint && <EndpointCertificates endpoint={data.endpoint} />}
      {data?.endsFirst && (
        <p>
          {t("security.endsFirst")} <CertificateEnd at={data.endsFirst.notAfter} />
        </p>
      )}
      {data?.client && <CertificateList title={t("security.client")} certificates={data.client} />}
      {data?.authorities && <CertificateList title={t("security.authorities")} certificates={data.authorities} />}
      {data?.tokenAuthorities && (
        <CertificateList title={t("security.tokenAuthorities")} certificates={data.tokenAuthorities} />
      )}
    </section>
  );
}

/** What the endpoint itself showed last, so that its owner sees when it ends. */
function EndpointCertificates({ endpoint }: { endpoint: Schemas["EndpointCertificates"] }) {
  const { host, since, accepted, tlsProtocol: version = "TLS", certificates } = endpoint;
  return (
    <>
      {/* What is wrong comes first: the list may be long. */}
      <p className={accepted ? "quiet" : styles.warning}>
        {accepted ? t("security.endpointAccepted", { version }) : t("security.endpointRefused")}{" "}
        {t("security.endpointSince")} <TimeText at={since} />
      </p>
      <CertificateList title={t("security.endpoint", { host })} certificates={certificates} />
    </>
  );
}
