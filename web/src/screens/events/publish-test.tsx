/** Publishes a test event of the same type. It is a real event: every endpoint that takes the type gets it. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useId, useState } from "react";
import { mayDo } from "../../api/access.js";
import { isOwnApi } from "../../api/own-api.js";
import { problemOf } from "../../api/problem.js";
import { groupsQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Dialog } from "../../parts/dialog.js";
import { useDraft } from "../../parts/draft.js";
import { TypedFaults } from "../../parts/faults/typed-faults.js";
import { endpointName } from "../../parts/names.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import styles from "./events.module.css";
import { type EventRecord, firstExampleQuery, publishTest, takersQuery } from "./queries.js";

/** The button, for who may publish. What the service tells of itself is published by nobody else. */
export function PublishTest({ event: { type, apiId } }: { event: EventRecord }) {
  const { role } = useMe();
  const [asks, setAsks] = useState(false);
  if (!mayDo(role, "events:publish") || apiId === "" || isOwnApi(apiId)) return null;
  return (
    <div className="row">
      <button type="button" className="button quiet" onClick={() => setAsks(true)}>
        {t("event.test.act")}
      </button>
      {asks && <TestDialog type={type} close={() => setAsks(false)} />}
    </div>
  );
}

/** A second press publishes nothing twice: the event has its id before it is sent. */
const newTestId = (): string => `test-${crypto.randomUUID()}`;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

function TestDialog({ type, close }: { type: string; close: () => void }) {
  const [id] = useState(newTestId);
  const [groupId, setGroupId] = useState("");
  const { data: example } = useQuery(firstExampleQuery(type));
  const [text, setText, drop] = useDraft(`test-event.${type}`, example ?? "");
  const run = useMutation({ mutationFn: () => publishTest({ type, id, groupId, text }), onSuccess: drop });
  if (run.data)
    return (
      <Dialog title={t("event.test.title")} close={close}>
        <p role="status">{t("event.test.done", { id: run.data.id })}</p>
        <div className="row">
          <Link to="/events/$id" params={{ id: run.data.id }} className="button" preload={false} onClick={close}>
            {t("event.test.open")}
          </Link>
          <button type="button" className="button quiet" onClick={close}>
            {t("act.close")}
          </button>
        </div>
      </Dialog>
    );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isJson(text)) run.mutate();
  };
  return (
    <Dialog asks title={t("event.test.title")} close={close}>
      <p>{t("event.test.question", { type })}</p>
      <form onSubmit={submit} className={styles.page}>
        <GroupField groupId={groupId} change={setGroupId} />
        <Takers type={type} groupId={groupId} />
        <PayloadField
          text={text}
          refused={run.error}
          change={(next) => {
            // What the API said is not about this.
            run.reset();
            setText(next);
          }}
        />
        <div className="row">
          <button className="button" disabled={!isJson(text) || run.isPending} aria-busy={run.isPending}>
            {t("event.test.yes")}
          </button>
          <button type="button" className="button quiet" onClick={close}>
            {t("act.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function GroupField({ groupId, change }: { groupId: string; change: (id: string) => void }) {
  const { data: groups } = useQuery(groupsQuery);
  return (
    <label className="field">
      {t("event.test.group")}
      <select value={groupId} onChange={({ target }) => change(target.value)}>
        <option value="">{t("event.test.everyGroup")}</option>
        {groups?.data.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** How many get it, and who. */
function Takers({ type, groupId }: { type: string; groupId: string }) {
  const { data: takers, error } = useQuery(takersQuery(type, groupId));
  if (error) return <ProblemNotice error={error} />;
  if (!takers) return <p role="status">{t("app.loading")}</p>;
  const { some, count } = takers;
  return (
    <div role="status">
      <p>{count === 0 ? t("event.test.nobody") : t("event.test.takers", { count })}</p>
      <ul>
        {some.map((subscription) => (
          <li key={subscription.id}>{endpointName(subscription)}</li>
        ))}
        {count > some.length && <li>{t("event.test.more", { count: count - some.length })}</li>}
      </ul>
    </div>
  );
}

/** Where the API names what it refuses of a payload. */
const DATA = "data";
const isOfData = (path: string): boolean => path === DATA || path.startsWith(`${DATA}/`);

interface PayloadFieldProps {
  text: string;
  refused: unknown;
  change: (text: string) => void;
}

function PayloadField({ text, refused, change }: PayloadFieldProps) {
  const field = useId();
  const faults = (refused ? (problemOf(refused).errors ?? []) : []).filter(({ path }) => isOfData(path));
  const isBroken = text.trim() !== "" && !isJson(text);
  return (
    <div className="field">
      <label htmlFor={field}>{t("event.test.payload")}</label>
      <textarea
        id={field}
        className={styles.source}
        rows={8}
        spellCheck={false}
        value={text}
        aria-invalid={isBroken || faults.length > 0 || undefined}
        onChange={({ target }) => change(target.value)}
      />
      {isBroken && <span role="alert">{t("typeEdit.fault.json")}</span>}
      {refused !== null && <ProblemNotice error={refused} isElsewhere={isOfData} />}
      {faults.length > 0 && <TypedFaults faults={faults} before={DATA} field={field} text={text} />}
    </div>
  );
}
