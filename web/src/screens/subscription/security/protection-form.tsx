/** Which signatures prove a delivery, and how the service proves itself to the endpoint. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { forgetSubscription } from "../queries.js";
import styles from "../subscription.module.css";
import { OwnHeaders } from "./own-headers.js";
import {
  AUTH_FIELDS,
  AUTHS,
  OPTIONAL_FIELDS,
  protectionChange,
  type ProtectionFields as Form,
  protectionFormOf,
  SCHEMES,
  SECRET_FIELDS,
} from "./protection.js";

interface ProtectionFormProps {
  subscription: Subscription;
  /** On the button. */
  save: string;
  /** After it was saved, or when nothing was touched. */
  saved: () => void;
}

export function ProtectionForm({ subscription, save, saved }: ProtectionFormProps) {
  const { id } = subscription;
  const client = useQueryClient();
  // Passwords are among these, so they are kept in this form alone.
  const [form, setForm] = useState<Form>(() => protectionFormOf(subscription));
  const change = protectionChange(subscription, form);
  const run = useMutation({
    async mutationFn() {
      if (change && Object.keys(change).length > 0)
        await ask(api.PATCH("/v1/subscriptions/{id}", { params: { path: { id } }, body: change }));
    },
    async onSuccess() {
      await forgetSubscription(client, id);
      saved();
    },
    gcTime: 0,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.form} aria-label={t("protection.title")}>
      <fieldset>
        <legend>{t("protection.signatures")}</legend>
        {SCHEMES.map((scheme) => (
          <label key={scheme} className="row">
            <input
              type="checkbox"
              checked={form.schemes.includes(scheme)}
              onChange={({ target }) =>
                setForm({
                  ...form,
                  schemes: SCHEMES.filter((each) => (each === scheme ? target.checked : form.schemes.includes(each))),
                })
              }
            />
            {t(`protection.scheme.${scheme}`)}
          </label>
        ))}
        {form.schemes.length === 0 && (
          <span role="alert" className={styles.warning}>
            {t("settings.fault.needed")}
          </span>
        )}
      </fieldset>
      <AuthFields form={form} setForm={setForm} hasAuth={subscription.auth !== undefined} />
      <OwnHeaders
        saved={subscription.headers ?? []}
        rows={form.ownHeaders}
        change={(ownHeaders) => setForm({ ...form, ownHeaders })}
      />
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button className="button" disabled={change === undefined || run.isPending}>
          {save}
        </button>
      </div>
    </form>
  );
}

interface AuthFieldsProps {
  form: Form;
  setForm: (form: Form) => void;
  hasAuth: boolean;
}

function AuthFields({ form, setForm, hasAuth }: AuthFieldsProps) {
  const choices = [...(hasAuth ? (["kept"] as const) : []), "none" as const, ...AUTHS];
  const names = form.auth === "none" || form.auth === "kept" ? [] : AUTH_FIELDS[form.auth];
  return (
    <fieldset>
      <legend>{t("protection.auth")}</legend>
      <label className="field">
        {t("protection.method")}
        <select
          value={form.auth}
          onChange={({ target }) => {
            const auth = choices.find((each) => each === target.value);
            if (auth !== undefined) setForm({ ...form, auth, fields: {} });
          }}
        >
          {choices.map((each) => (
            <option key={each} value={each}>
              {t(`protection.choice.${each}`)}
            </option>
          ))}
        </select>
      </label>
      {names.map((name) => (
        <label key={`${form.auth}-${name}`} className="field">
          {t(`protection.field.${name}`)}
          <input
            type={SECRET_FIELDS.includes(name) ? "password" : "text"}
            autoComplete="off"
            spellCheck={false}
            required={!OPTIONAL_FIELDS.includes(name)}
            value={form.fields[name] ?? ""}
            onChange={({ target }) => setForm({ ...form, fields: { ...form.fields, [name]: target.value } })}
          />
        </label>
      ))}
      {names.length > 0 && <p className="quiet">{t("protection.sealed")}</p>}
    </fieldset>
  );
}
