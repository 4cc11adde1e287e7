/**
 * A provider describes one new event type. The API checks the schema, and the examples against it, before it is saved.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { mayDo } from "../../../api/access.js";
import { isOwnApi } from "../../../api/own-api.js";
import { api, ask, type Schemas } from "../../../api/client.js";
import { problemOf } from "../../../api/problem.js";
import { apisQuery, useMe } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import { Page } from "../../../parts/page.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import styles from "../catalogue.module.css";
import { isBesideField, TypeFields } from "../edit/type-fields.js";
import { readTypeForm } from "../edit/type-form.js";
import { nameFault, newTypeOf, useNewTypeDraft } from "./new-type-form.js";

export function NewType() {
  const { role } = useMe();
  return (
    <Page title={t("typeNew.title")}>
      {mayDo(role, "catalogue:write") ? <NewTypeEditor /> : <p>{t("typeEdit.notYours")}</p>}
    </Page>
  );
}

function useCreate(done: (name: string) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["EventTypeInput"]) => ask(api.POST("/v1/event-types", { body })),
    async onSuccess({ name }) {
      done(name);
      await Promise.all([
        client.invalidateQueries({ queryKey: ["event-types"] }),
        // The name may have been asked for before it was there.
        client.invalidateQueries({ queryKey: ["event-type", name] }),
      ]);
    },
  });
}

function NewTypeEditor() {
  const { api: apiId = "" } = useSearch({ from: "/new-event-type" });
  const navigate = useNavigate();
  const [draft, setDraft, drop] = useNewTypeDraft();
  const { form } = draft;
  const read = readTypeForm(form);
  const body = newTypeOf(form, apiId);
  const create = useCreate((name) => {
    drop();
    void navigate({ to: "/catalogue/$name", params: { name } });
  });
  const { errors = [] } = create.error ? problemOf(create.error) : {};
  const change = (typed: Partial<typeof form>) => {
    // What the API said is not about this.
    create.reset();
    setDraft({ ...draft, form: { ...form, ...typed } });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (body) create.mutate(body);
  };
  return (
    <form onSubmit={submit} className={styles.page}>
      <p>{t("typeNew.meaning")}</p>
      <ApiOfType chosen={apiId} changed={create.reset} />
      <NameField name={form.name} change={(name) => change({ name })} />
      <TypeFields form={form} faults={read.ok ? [] : read.faults} refused={errors} change={change} isNew />
      {create.error && <ProblemNotice error={create.error} isElsewhere={isBesideField} />}
      <div className="row">
        <button className="button" disabled={!body || create.isPending} aria-busy={create.isPending}>
          {t("typeNew.create")}
        </button>
        <Link to="/catalogue" className="button quiet" onClick={drop}>
          {t("settings.discard")}
        </Link>
        {!body && <span className="quiet">{t("typeNew.lacking")}</span>}
      </div>
    </form>
  );
}

/** The choice stands in the address, so that a link leads to a new type of one api. */
function ApiOfType({ chosen, changed }: { chosen: string; changed: () => void }) {
  const navigate = useNavigate({ from: "/new-event-type" });
  const { data: apis, error, refetch } = useQuery(apisQuery);
  const choose = (id: string) => {
    changed();
    void navigate({ search: ({ api: _before, ...rest }) => ({ ...rest, ...(id && { api: id }) }), replace: true });
  };
  if (error) return <ProblemNotice error={error} again={() => void refetch()} />;
  return (
    <label className="field">
      {t("catalogue.api")}
      <select required value={chosen} onChange={({ target }) => choose(target.value)}>
        <option value="">{t("typeImport.choose")}</option>
        {chosen !== "" && !apis?.data.some(({ id }) => id === chosen) && <option value={chosen}>{chosen}</option>}
        {apis?.data.map(({ id, name }) =>
          isOwnApi(id) ? null : (
            <option key={id} value={id}>
              {name}
            </option>
          ),
        )}
      </select>
    </label>
  );
}

function NameField({ name, change }: { name: string; change: (name: string) => void }) {
  const fault = nameFault(name);
  return (
    <div className="field">
      <label htmlFor="type-name">{t("typeNew.name")}</label>
      <input
        id="type-name"
        required
        value={name}
        maxLength={128}
        spellCheck={false}
        autoCapitalize="off"
        aria-invalid={fault !== undefined || undefined}
        aria-describedby="type-name-hint"
        onChange={({ target }) => change(target.value)}
      />
      <span id="type-name-hint" className="quiet">
        {t("typeNew.nameHint")}
      </span>
      {fault && (
        <span role="alert" className={styles.fault}>
          {t(`typeNew.fault.${fault}`)}
        </span>
      )}
    </div>
  );
}
