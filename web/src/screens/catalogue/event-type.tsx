/** One event type: what it means, how its payload is built, what it looks like, and what its versions changed. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { isOwnApi } from "../../api/own-api.js";
import { apisQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { copyText } from "../../parts/copy.js";
import notice from "../../parts/notice.module.css";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TextViewer } from "../../parts/text/text-viewer.js";
import { TimeText } from "../../parts/time-text.js";
import { rowsOf } from "../../parts/text/visible-text.js";
import { useGranted } from "./api-list.js";
import { AskDialog } from "./ask-dialog.js";
import styles from "./catalogue.module.css";
import { type EventType, eventTypeQuery } from "./queries.js";
import { Receivers } from "./receivers.js";
import { SchemaTable } from "./schema-table.js";
import { Versions } from "./versions.js";

export function EventTypeRoute() {
  const { name } = useParams({ from: "/catalogue/$name" });
  return <EventTypeScreen key={name} name={name} />;
}

function EventTypeScreen({ name }: { name: string }) {
  const { data: type, error, refetch } = useQuery(eventTypeQuery(name));
  if (!type)
    return (
      <Page title={name}>{error ? <ProblemNotice error={error} again={() => void refetch()} /> : <Skeleton />}</Page>
    );
  return (
    <Page title={name} beside={<TypeActs type={type} />}>
      <div className={styles.page}>
        {type.deprecation && <Deprecated deprecation={type.deprecation} />}
        <TypeFacts type={type} />
        <section className={styles.section} aria-labelledby="schema">
          <h2 id="schema">{t("catalogue.schema")}</h2>
          {type.schema ? <SchemaTable schema={type.schema} /> : <p>{t("catalogue.noSchema")}</p>}
        </section>
        <Examples type={type} />
        <Receivers name={name} />
        <Versions name={name} />
      </div>
    </Page>
  );
}

function TypeActs({ type: { name, apiId } }: { type: EventType }) {
  const { role } = useMe();
  return (
    <div className="row">
      {mayDo(role, "subscriptions:write") && (
        <Link to="/subscriptions/new" search={{ type: name }} className="button">
          {t("catalogue.subscribe")}
        </Link>
      )}
      {mayDo(role, "catalogue:write") && !isOwnApi(apiId) && (
        <Link to="/catalogue/$name/edit" params={{ name }} className="button quiet">
          {t("typeEdit.act")}
        </Link>
      )}
    </div>
  );
}

function Deprecated({ deprecation }: { deprecation: NonNullable<EventType["deprecation"]> }) {
  const { at, sunsetAt, replacedBy, note } = deprecation;
  return (
    <section className={notice.warn} aria-label={t("catalogue.deprecated")}>
      <p>
        {t("catalogue.deprecatedSince")} <TimeText at={at} />
      </p>
      {sunsetAt !== undefined && (
        <p>
          {t("catalogue.sunset")} <TimeText at={sunsetAt} />
        </p>
      )}
      {replacedBy !== undefined && (
        <p>
          {t("catalogue.replacedBy")}{" "}
          <Link to="/catalogue/$name" params={{ name: replacedBy }}>
            {replacedBy}
          </Link>
        </p>
      )}
      {note !== undefined && <p>{note}</p>}
    </section>
  );
}

function TypeFacts({ type }: { type: EventType }) {
  const me = useMe();
  const isGranted = useGranted(me);
  const { data: apis } = useQuery(apisQuery);
  const [asking, setAsking] = useState(false);
  const { name, apiId, description, version, validation, createdAt } = type;
  const needsAsking = me.role === "consumer" && isGranted(name) === false && isGranted(apiId) === false;
  return (
    <section className={`card ${styles.facts ?? ""}`} aria-label={t("delivery.facts.title")}>
      {description !== undefined && <p>{description}</p>}
      <dl className="facts">
        <dt>{t("catalogue.column.api")}</dt>
        <dd>{apis?.data.find(({ id }) => id === apiId)?.name ?? apiId}</dd>
        <dt>{t("catalogue.column.version")}</dt>
        <dd>{version}</dd>
        <dt>{t("catalogue.validation.title")}</dt>
        <dd>{t(`catalogue.validation.${validation}`)}</dd>
        <dt>{t("catalogue.since")}</dt>
        <dd>
          <TimeText at={createdAt} />
        </dd>
      </dl>
      {needsAsking && (me.groups?.length ?? 0) > 1 && (
        <button type="button" className="button quiet" onClick={() => setAsking(true)}>
          {t("ask.actType")}
        </button>
      )}
      {asking && <AskDialog grant={name} name={name} me={me} close={() => setAsking(false)} />}
    </section>
  );
}

function Examples({ type: { name, examples } }: { type: EventType }) {
  const [said, setSaid] = useState("");
  return (
    <section className={styles.section} aria-labelledby="examples">
      <h2 id="examples">{t("catalogue.examples")}</h2>
      {examples === undefined && <p>{t("create.noExample")}</p>}
      {examples?.map((example, index) => {
        const text = JSON.stringify(example, undefined, 2);
        const label = t("create.exampleNumber", { name, number: index + 1 });
        return (
          // Examples have no other identity than their place.
          <div key={index} className={styles.section}>
            <TextViewer label={label} rows={rowsOf(text)} />
            <div className="row">
              <button type="button" className="button quiet" onClick={() => void copyText(text).then(setSaid)}>
                {t("create.copyBlock", { name: label })}
              </button>
            </div>
          </div>
        );
      })}
      <p role="status">{said}</p>
    </section>
  );
}
