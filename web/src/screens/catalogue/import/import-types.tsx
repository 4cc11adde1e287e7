/** A document describes the event types of an api. What it would change is shown before anything is saved. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ChangeEvent, type FormEvent, useState } from "react";
import { mayDo } from "../../../api/access.js";
import { isOwnApi } from "../../../api/own-api.js";
import { isChangedMeanwhile } from "../../../api/problem.js";
import { apisQuery, useMe } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import { useDraft } from "../../../parts/draft.js";
import notice from "../../../parts/notice.module.css";
import { Page } from "../../../parts/page.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import styles from "../catalogue.module.css";
import { ImportDifference } from "./import-difference.js";
import { importDocument, type Imported, type ImportRequest } from "./import-request.js";

type Perspective = ImportRequest["perspective"];

export function ImportTypes() {
  const { role } = useMe();
  return (
    <Page title={t("typeImport.title")}>
      {mayDo(role, "catalogue:write") ? <ImportForm /> : <p>{t("typeEdit.notYours")}</p>}
    </Page>
  );
}

function ImportForm() {
  const [text, setText, drop] = useDraft("import", "");
  const [perspective, setPerspective] = useState<Perspective>("provider");
  const [strict, setStrict] = useState(false);
  const { api: apiId = "" } = useSearch({ from: "/import" });
  const order = { apiId, document: text, perspective, strict };
  const dryRun = useMutation({ mutationFn: () => importDocument(order) });
  const run = useImport(drop);
  const change = <T,>(set: (value: T) => void): ((value: T) => void) => {
    return (value) => {
      // What was shown is not what this would do.
      dryRun.reset();
      run.reset();
      set(value);
    };
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.reset();
    dryRun.mutate();
  };
  if (run.data) return <Done imported={run.data} apiId={apiId} />;
  const isOvertaken = isChangedMeanwhile(run.error);
  return (
    <div className={styles.page}>
      <form onSubmit={submit} className={styles.page}>
        <ApiChoice chosen={apiId} changed={change(() => undefined)} />
        <DocumentFields text={text} setText={change(setText)} />
        <Options
          perspective={perspective}
          setPerspective={change(setPerspective)}
          strict={strict}
          setStrict={change(setStrict)}
        />
        {dryRun.error && <ProblemNotice error={dryRun.error} />}
        <div className="row">
          <button className="button" disabled={apiId === "" || text.trim() === "" || dryRun.isPending}>
            {t("typeImport.show")}
          </button>
          <span role="status">{dryRun.isPending && t("typeImport.reading")}</span>
        </div>
      </form>
      {dryRun.data && <ImportDifference imported={dryRun.data} />}
      {run.error && !isOvertaken && <ProblemNotice error={run.error} />}
      {isOvertaken && (
        <div className={notice.warn} role="alert">
          <p className={notice.title}>{t("typeImport.overtaken")}</p>
          <p>{t("typeImport.overtakenDetail")}</p>
        </div>
      )}
      {dryRun.data && !isOvertaken && (
        <Confirm imported={dryRun.data} busy={run.isPending} confirm={(mark) => run.mutate({ order, mark })} />
      )}
    </div>
  );
}

interface OptionsProps {
  perspective: Perspective;
  setPerspective: (perspective: Perspective) => void;
  strict: boolean;
  setStrict: (strict: boolean) => void;
}

function Options({ perspective, setPerspective, strict, setStrict }: OptionsProps) {
  return (
    <details>
      <summary>{t("typeImport.options")}</summary>
      <div className={styles.section}>
        <label className="field">
          {t("typeImport.perspective.label")}
          <select
            value={perspective}
            onChange={({ target }) => setPerspective(target.value === "consumer" ? "consumer" : "provider")}
          >
            <option value="provider">{t("typeImport.perspective.provider")}</option>
            <option value="consumer">{t("typeImport.perspective.consumer")}</option>
          </select>
        </label>
        <label className="row">
          <input type="checkbox" checked={strict} onChange={({ target }) => setStrict(target.checked)} />
          {t("typeImport.strict")}
        </label>
      </div>
    </details>
  );
}

function useImport(done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ order, mark }: { order: ImportRequest; mark: string }) => importDocument(order, mark),
    onSuccess: done,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["event-type"] }),
        client.invalidateQueries({ queryKey: ["event-types"] }),
      ]),
  });
}

/** The choice stands in the address, so that a link leads to the import of one api. */
function ApiChoice({ chosen, changed }: { chosen: string; changed: (value: string) => void }) {
  const navigate = useNavigate({ from: "/import" });
  const { data: apis } = useQuery(apisQuery);
  const choose = (api: string) => {
    changed(api);
    void navigate({ search: ({ api: _before, ...rest }) => ({ ...rest, ...(api && { api }) }), replace: true });
  };
  return (
    <label className="field">
      {t("typeImport.api")}
      <select required value={chosen} onChange={({ target }) => choose(target.value)}>
        <option value="">{t("typeImport.choose")}</option>
        {apis?.data
          .filter(({ id }) => !isOwnApi(id))
          .map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
      </select>
    </label>
  );
}

/** As the API takes it. */
const MOST_BYTES = 8 * 1024 * 1024;

function DocumentFields({ text, setText }: { text: string; setText: (text: string) => void }) {
  const [isTooLarge, setTooLarge] = useState(false);
  const read = async ({ target }: ChangeEvent<HTMLInputElement>) => {
    const file = target.files?.[0];
    if (!file) return;
    setTooLarge(file.size > MOST_BYTES);
    if (file.size <= MOST_BYTES) setText(await file.text());
  };
  return (
    <>
      <label className="field">
        {t("typeImport.file")}
        <input type="file" accept=".json,.yaml,.yml" onChange={(event) => void read(event)} />
      </label>
      {isTooLarge && (
        <p role="alert" className={styles.fault}>
          {t("typeImport.tooLarge")}
        </p>
      )}
      <label className="field">
        {t("typeImport.document")}
        <textarea
          className={styles.source}
          rows={12}
          spellCheck={false}
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
      </label>
    </>
  );
}

interface ConfirmProps {
  imported: Imported;
  busy: boolean;
  confirm: (mark: string) => void;
}

function Confirm({ imported: { created, changed, mark }, busy, confirm }: ConfirmProps) {
  const count = created.length + changed.length;
  if (count === 0 || mark === undefined) return <p>{t("typeImport.nothing")}</p>;
  return (
    <div className="row">
      <button type="button" className="button" disabled={busy} onClick={() => confirm(mark)}>
        {t("typeImport.yes", { count })}
      </button>
      <span role="status">{busy && t("typeImport.saving")}</span>
    </div>
  );
}

function Done({ imported: { created, changed }, apiId }: { imported: Imported; apiId: string }) {
  return (
    <section className="card">
      <p role="status">{t("typeImport.done", { created: created.length, changed: changed.length })}</p>
      <p>
        <Link to="/catalogue" search={{ api: apiId }}>
          {t("typeImport.see")}
        </Link>
      </p>
    </section>
  );
}
