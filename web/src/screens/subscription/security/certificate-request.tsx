/** A client certificate for mutual TLS: the key is made by the service, and only a certificate request leaves it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { copyText } from "../../../parts/copy.js";
import { useDraft } from "../../../parts/draft.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { saveText } from "../../../parts/subscription/secret-once.js";
import { TimeText } from "../../../parts/time-text.js";
import { forgetSubscription } from "../queries.js";
import styles from "../subscription.module.css";

export function CertificateRequestForm({ subscription }: { subscription: Subscription }) {
  const { id, pendingCertificate } = subscription;
  // It stays open while something is typed, also when somebody else makes a request or gives a certificate.
  const [isOpen, setOpen] = useState(!pendingCertificate && subscription.tls?.clientCert === undefined);
  const [isInstalled, setInstalled] = useState(false);
  return (
    <section className={styles.section} aria-labelledby="csr">
      <h2 id="csr">{t("csr.title")}</h2>
      <p>{t("csr.meaning")}</p>
      {pendingCertificate && (
        <>
          <p>
            {t("csr.pendingSince")} <TimeText at={pendingCertificate.createdAt} />
          </p>
          <Request request={pendingCertificate.certificateRequest} id={id} />
          <InstallForm id={id} installed={() => setInstalled(true)} />
        </>
      )}
      <p role="status">{isInstalled && t("csr.installed")}</p>
      <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>{t(pendingCertificate ? "csr.anew" : "csr.make")}</summary>
        <MakeForm
          id={id}
          made={() => {
            setOpen(false);
            setInstalled(false);
          }}
        />
      </details>
    </section>
  );
}

function Request({ request, id }: { request: string; id: string }) {
  const [said, setSaid] = useState("");
  return (
    <>
      <pre className={styles.pem} role="region" aria-label={t("csr.request")} tabIndex={0}>
        {request}
      </pre>
      <div className="row">
        <button type="button" className="button quiet" onClick={() => void copyText(request).then(setSaid)}>
          {t("csr.copy")}
        </button>
        <button type="button" className="button quiet" onClick={() => saveText(request, `${id}.csr.pem`)}>
          {t("csr.download")}
        </button>
        <span role="status">{said}</span>
      </div>
    </>
  );
}

function MakeForm({ id, made }: { id: string; made: () => void }) {
  const client = useQueryClient();
  const [commonName, setCommonName] = useState("");
  const [organization, setOrganization] = useState("");
  const run = useMutation({
    mutationFn: () =>
      ask(
        api.POST("/v1/subscriptions/{id}/csr", {
          params: { path: { id } },
          body: {
            subject: {
              commonName: commonName.trim(),
              ...(organization.trim() && { organization: organization.trim() }),
            },
          },
        }),
      ),
    async onSuccess() {
      await forgetSubscription(client, id);
      made();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.form}>
      <div className={styles.pair}>
        <label className="field">
          {t("csr.commonName")}
          <input value={commonName} maxLength={64} required onChange={({ target }) => setCommonName(target.value)} />
        </label>
        <label className="field">
          {t("csr.organization")}
          <input value={organization} maxLength={64} onChange={({ target }) => setOrganization(target.value)} />
        </label>
      </div>
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button className="button quiet" disabled={run.isPending}>
          {t("csr.makeNow")}
        </button>
      </div>
    </form>
  );
}

function InstallForm({ id, installed }: { id: string; installed: () => void }) {
  const client = useQueryClient();
  const [certificate, setCertificate, drop] = useDraft(`certificate.${id}`, "");
  const run = useMutation({
    mutationFn: () =>
      ask(api.POST("/v1/subscriptions/{id}/certificate", { params: { path: { id } }, body: { certificate } })),
    async onSuccess() {
      drop();
      installed();
      await forgetSubscription(client, id);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.form}>
      <label className="field">
        {t("csr.certificate")}
        <textarea
          value={certificate}
          required
          spellCheck={false}
          placeholder="-----BEGIN CERTIFICATE-----"
          onChange={({ target }) => setCertificate(target.value)}
        />
      </label>
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button className="button" disabled={run.isPending}>
          {t("csr.install")}
        </button>
      </div>
    </form>
  );
}
