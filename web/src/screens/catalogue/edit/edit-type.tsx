/** A provider changes what it says about an event type. What differs is shown before it is saved. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { mayDo } from "../../../api/access.js";
import { isOwnApi } from "../../../api/own-api.js";
import { api, ask } from "../../../api/client.js";
import { isChangedMeanwhile, problemOf } from "../../../api/problem.js";
import { useMe } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import notice from "../../../parts/notice.module.css";
import { Page } from "../../../parts/page.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import { Skeleton } from "../../../parts/skeleton.js";
import styles from "../catalogue.module.css";
import { type EventType, taggedTypeQuery } from "../queries.js";
import { contentOf, differingFields, type TypeContent } from "./type-content.js";
import { ContentDifference } from "./content-difference.js";
import { useTypeDraft } from "./type-draft.js";
import { isBesideField, TypeFields } from "./type-fields.js";
import { type EventTypeChange, readTypeForm, rebasedType, typeChange, typeFormOf } from "./type-form.js";

export function EditTypeRoute() {
  const { name } = useParams({ from: "/catalogue/$name/edit" });
  return <EditType key={name} name={name} />;
}

function EditType({ name }: { name: string }) {
  const { role } = useMe();
  const { data: tagged, error, refetch } = useQuery(taggedTypeQuery(name));
  return (
    <Page title={t("typeEdit.title", { name })}>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!tagged && !error && <Skeleton />}
      {tagged &&
        (mayDo(role, "catalogue:write") && !isOwnApi(tagged.data.apiId) ? (
          <Editor type={tagged.data} etag={tagged.etag} />
        ) : (
          <p>{t("typeEdit.notYours")}</p>
        ))}
    </Page>
  );
}

interface EditorProps {
  type: EventType;
  etag: string | undefined;
}

/** Saves under the condition that nobody else has changed it since typing began. */
function useSave(name: string, saved: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ change, tag }: { change: EventTypeChange; tag: string | undefined }) =>
      ask(
        api.PATCH("/v1/event-types/{name}", {
          params: { path: { name }, ...(tag !== undefined && { header: { "If-Match": tag } }) },
          body: change,
        }),
      ),
    onSuccess: saved,
    // What others have saved meanwhile is shown beside what was typed.
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["event-type", name] }),
        client.invalidateQueries({ queryKey: ["event-types"] }),
      ]),
  });
}

function Editor({ type, etag }: EditorProps) {
  const { name } = type;
  const navigate = useNavigate();
  const [draft, setDraft, drop] = useTypeDraft(name, { form: typeFormOf(type), etag });
  const read = readTypeForm(draft.form);
  const before = contentIn(readTypeForm(draft.base));
  const fields = read.ok ? differingFields(before, read.content) : [];
  const save = useSave(name, () => {
    drop();
    void navigate({ to: "/catalogue/$name", params: { name } });
  });
  const isOvertaken = isChangedMeanwhile(save.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (read.ok) save.mutate({ change: typeChange(before, read.content), tag: draft.etag });
  };
  return (
    <form onSubmit={submit} className={styles.page}>
      <TypeFields
        form={draft.form}
        faults={read.ok ? [] : read.faults}
        refused={save.error ? (problemOf(save.error).errors ?? []) : []}
        change={(typed) => {
          save.reset();
          setDraft({ ...draft, form: { ...draft.form, ...typed } });
        }}
      />
      {read.ok && fields.length > 0 && (
        <section className={`card ${styles.section ?? ""}`} aria-labelledby="difference">
          <h2 id="difference">{t("typeEdit.difference")}</h2>
          {fields.includes("schema") && <p>{t("typeEdit.newVersion", { number: type.version + 1 })}</p>}
          <ContentDifference fields={fields} before={before} after={read.content} />
        </section>
      )}
      {save.error && !isOvertaken && <ProblemNotice error={save.error} isElsewhere={isBesideField} />}
      {isOvertaken && (
        <Overtaken
          before={before}
          latest={contentOf(type)}
          keep={() => {
            save.reset();
            setDraft(rebasedType(draft, typeFormOf(type), etag));
          }}
        />
      )}
      <div className="row">
        <button className="button" disabled={fields.length === 0 || save.isPending || isOvertaken}>
          {t("settings.save")}
        </button>
        <Link to="/catalogue/$name" params={{ name }} className="button quiet" onClick={drop}>
          {t("settings.discard")}
        </Link>
        {read.ok && fields.length === 0 && <span className="quiet">{t("typeEdit.nothing")}</span>}
      </div>
    </form>
  );
}

const contentIn = (read: ReturnType<typeof readTypeForm>): TypeContent => (read.ok ? read.content : {});

interface OvertakenProps {
  before: TypeContent;
  latest: TypeContent;
  keep: () => void;
}

/** What somebody else has saved since typing began. */
function Overtaken({ before, latest, keep }: OvertakenProps) {
  return (
    <div className={notice.warn} role="alert">
      <p className={notice.title}>{t("typeEdit.overtaken")}</p>
      <ContentDifference fields={differingFields(before, latest)} before={before} after={latest} />
      <button type="button" className="button quiet" onClick={keep}>
        {t("settings.keepMine")}
      </button>
    </div>
  );
}
