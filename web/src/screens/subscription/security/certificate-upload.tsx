/** A client certificate with its own key, and the authority of the endpoint, as files or as text. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { isChangedMeanwhile } from "../../../api/problem.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { Overtaken } from "../overtaken.js";
import { forgetSubscription } from "../queries.js";
import styles from "../subscription.module.css";
import { type Tagged, useTypedOver } from "../typed-over.js";
import { NO_FILES, TLS_FILES, type TlsFiles, tlsChange } from "./tls-files.js";

export function CertificateUpload({ subscription, etag }: Tagged) {
  const [saves, setSaves] = useState(0);
  const [isSaved, setSaved] = useState(false);
  return (
    <section className={styles.section} aria-labelledby="upload">
      <h2 id="upload">{t("upload.title")}</h2>
      <details>
        <summary>{t("upload.open")}</summary>
        {/* What was saved is not kept in the page: the form begins anew. */}
        <UploadForm
          key={saves}
          subscription={subscription}
          etag={etag}
          begun={() => setSaved(false)}
          saved={() => {
            setSaves((before) => before + 1);
            setSaved(true);
          }}
        />
        <p role="status">{isSaved && t("settings.saved")}</p>
      </details>
    </section>
  );
}

const noFiles = (): TlsFiles => NO_FILES;
const tlsOf = ({ tls }: Subscription) => tls;

interface UploadFormProps extends Tagged {
  /** Something is typed, so what was said of the last time is over. */
  begun: () => void;
  saved: () => void;
}

function UploadForm({ begun, saved, ...now }: UploadFormProps) {
  const { id, tls } = now.subscription;
  const client = useQueryClient();
  // A private key is among these, so they are kept in this form alone.
  const { form: files, base, tag, type, rebase } = useTypedOver(now, noFiles, tlsOf);
  const change = tlsChange(base.tls, files);
  const run = useMutation({
    async mutationFn() {
      const params = { path: { id }, ...(tag !== undefined && { header: { "If-Match": tag } }) };
      if (change) await ask(api.PATCH("/v1/subscriptions/{id}", { params, body: { tls: change } }));
    },
    async onSuccess() {
      await forgetSubscription(client, id);
      saved();
    },
    onError: () => forgetSubscription(client, id),
    gcTime: 0,
  });
  const isOvertaken = isChangedMeanwhile(run.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.form} aria-label={t("upload.title")}>
      <p>{t("upload.meaning")}</p>
      {tls?.clientCert !== undefined && <p className="quiet">{t("upload.keyStays")}</p>}
      {TLS_FILES.map((name) => (
        <PemField
          key={name}
          name={name}
          text={files[name]}
          change={(text) => {
            run.reset();
            begun();
            type((before) => ({ ...before, [name]: text }));
          }}
        />
      ))}
      {run.error && !isOvertaken && <ProblemNotice error={run.error} />}
      {isOvertaken && (
        <Overtaken
          id={id}
          theirs={[]}
          keep={() => {
            run.reset();
            rebase(files);
          }}
        />
      )}
      <div className="row">
        <button className="button" disabled={change === undefined || run.isPending || isOvertaken}>
          {t("upload.save")}
        </button>
      </div>
    </form>
  );
}

interface PemFieldProps {
  name: keyof TlsFiles;
  text: string;
  change: (text: string) => void;
}

/** Nothing larger is read: the API takes 64 KiB. */
const MOST_BYTES = 256 * 1024;

function PemField({ name, text, change }: PemFieldProps) {
  const [fault, setFault] = useState("");
  const read = async (file: File | undefined): Promise<void> => {
    setFault(file && file.size > MOST_BYTES ? t("upload.tooLarge", { name: file.name }) : "");
    if (file && file.size <= MOST_BYTES) change(await file.text());
  };
  return (
    <>
      <label className="field">
        {t(`upload.field.${name}`)}
        <textarea
          value={text}
          spellCheck={false}
          autoComplete="off"
          placeholder={name === "clientKey" ? "-----BEGIN PRIVATE KEY-----" : "-----BEGIN CERTIFICATE-----"}
          onChange={({ target }) => change(target.value)}
        />
      </label>
      <label className="field">
        {t(`upload.file.${name}`)}
        <input type="file" accept=".pem,.crt,.cer,.key" onChange={({ target }) => void read(target.files?.[0])} />
      </label>
      {fault !== "" && (
        <span role="alert" className={styles.warning}>
          {fault}
        </span>
      )}
    </>
  );
}
