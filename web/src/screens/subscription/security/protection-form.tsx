/** Which signatures prove a delivery, and how the service proves itself to the endpoint. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { api, ask } from "../../../api/client.js";
import { isChangedMeanwhile } from "../../../api/problem.js";
import { t } from "../../../i18n/index.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { Overtaken } from "../overtaken.js";
import { forgetSubscription } from "../queries.js";
import styles from "../subscription.module.css";
import { type TypedOver, useTypedOver } from "../typed-over.js";
import { OwnHeaders } from "./own-headers.js";
import {
  AUTH_FIELDS,
  AUTHS,
  type AuthType,
  OPTIONAL_FIELDS,
  protectionChange,
  type ProtectionFields as Form,
  protectionFormOf,
  protectionOf,
  rebasedProtection,
  SCHEMES,
  SECRET_FIELDS,
} from "./protection.js";

interface ProtectionFormProps {
  subscription: Subscription;
  etag: string | undefined;
  /** On the button. */
  save: string;
  /** After it was saved, or when nothing was touched. */
  saved: () => void;
  /** Beside that button. */
  beside?: ReactNode;
}

/** Saves under the condition that nobody else has changed the protection since typing began. */
function useSave({ subscription: { id }, saved }: ProtectionFormProps, { base, form, tag, drop }: TypedOver<Form>) {
  const client = useQueryClient();
  const change = protectionChange(base, form);
  const run = useMutation({
    async mutationFn() {
      const params = { path: { id }, ...(tag !== undefined && { header: { "If-Match": tag } }) };
      if (change && Object.keys(change).length > 0)
        await ask(api.PATCH("/v1/subscriptions/{id}", { params, body: change }));
    },
    async onSuccess() {
      await forgetSubscription(client, id);
      drop();
      saved();
    },
    onError: () => forgetSubscription(client, id),
    gcTime: 0,
  });
  return { change, run };
}

export function ProtectionForm(props: ProtectionFormProps) {
  const { subscription, save, beside } = props;
  // Passwords are among these, so they are kept in this form alone.
  const typed = useTypedOver(props, protectionFormOf, protectionOf);
  const { form, base } = typed;
  const { change, run } = useSave(props, typed);
  const setForm = (next: Form): void => {
    run.reset();
    typed.type(() => next);
  };
  const isOvertaken = isChangedMeanwhile(run.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.form} aria-label={t("protection.title")}>
      <Signatures form={form} setForm={setForm} />
      <AuthFields form={form} setForm={setForm} hasAuth={base.auth !== undefined} />
      <OwnHeaders
        saved={base.headers ?? []}
        rows={form.ownHeaders}
        change={(ownHeaders) => setForm({ ...form, ownHeaders })}
      />
      {run.error && !isOvertaken && <ProblemNotice error={run.error} />}
      {isOvertaken && (
        <Overtaken
          id={subscription.id}
          theirs={theirProtection(base, subscription)}
          keep={() => {
            run.reset();
            typed.rebase(rebasedProtection(form, base, subscription));
          }}
        />
      )}
      <div className="row">
        <button className="button" disabled={change === undefined || run.isPending || isOvertaken}>
          {save}
        </button>
        {beside}
      </div>
    </form>
  );
}

/** What somebody else has changed of it. Passwords and values are never told. */
function theirProtection(base: Subscription, latest: Subscription) {
  const [before, now] = [protectionOf(base), protectionOf(latest)];
  const auth = (names: readonly AuthType[]): string => names.map((name) => t(`protection.choice.${name}`)).join(", ");
  return [
    { name: t("protection.signatures"), before: before.signatures, now: now.signatures },
    { name: t("protection.auth"), before: auth(before.auths), now: auth(now.auths) },
    { name: t("protection.headers"), before: before.headers, now: now.headers },
  ].filter((each) => each.before !== each.now);
}

interface SignaturesProps {
  form: Form;
  setForm: (form: Form) => void;
}

function Signatures({ form, setForm }: SignaturesProps) {
  return (
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
  );
}

interface AuthFieldsProps extends SignaturesProps {
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
