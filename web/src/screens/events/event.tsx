/** One event: who got it, and why others did not. A consumer sees its own endpoints, and not the event itself. */
import { useQuery } from "@tanstack/react-query";
import { mayDo } from "../../api/access.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Page } from "../../parts/page.js";
import { Payload } from "../../parts/payload/payload.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { TimeText } from "../../parts/time-text.js";
import { bytesOf } from "./events.js";
import { EraseEvent } from "./erase-event.js";
import styles from "./events.module.css";
import { eventQuery, type EventWithPayload } from "./queries.js";
import { PublishTest } from "./publish-test.js";
import { RoutingTable } from "./routing-table.js";

export function Event({ id }: { id: string }) {
  const me = useMe();
  return (
    <Page title={t("event.title", { id })}>
      <div className={styles.page}>
        {mayDo(me.role, "events:read") && <Record id={id} />}
        <RoutingTable id={id} />
      </div>
    </Page>
  );
}

function Record({ id }: { id: string }) {
  const { data: event, error, refetch } = useQuery(eventQuery(id));
  // The table below says the same of an event that is not there.
  if (error) return <ProblemNotice error={error} again={() => void refetch()} />;
  if (!event) return <Skeleton />;
  const { type, acceptedAt } = event;
  return (
    <>
      <Facts event={event} />
      <Payload payload={event.payload} owner={{ id, eventId: event.id, eventType: type, at: acceptedAt }} />
    </>
  );
}

function Facts({ event }: { event: EventWithPayload }) {
  const { type, acceptedAt, size, sha256, expungedAt, contentType, cloudEvent } = event;
  return (
    <section className="card" aria-label={t("event.facts")}>
      <dl className="facts">
        <dt>{t("event.type")}</dt>
        <dd>{type}</dd>
        <dt>{t("event.accepted")}</dt>
        <dd>
          <TimeText at={acceptedAt} />
        </dd>
        <dt>{t("event.content")}</dt>
        <dd>
          {expungedAt === undefined ? (
            `${contentType}, ${bytesOf(size)}`
          ) : (
            <>
              {t("event.erasedAt")} <TimeText at={expungedAt} />
            </>
          )}
        </dd>
        {sha256 !== "" && (
          <>
            <dt>SHA-256</dt>
            <dd>
              <code>{sha256}</code>
            </dd>
          </>
        )}
        {Object.entries(cloudEvent ?? {}).map(([name, value]) => (
          <CloudEventAttribute key={name} name={name} value={value} />
        ))}
      </dl>
      <div className={styles.acts}>
        <PublishTest event={event} />
        <EraseEvent event={event} />
      </div>
    </section>
  );
}

function CloudEventAttribute({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>CloudEvents {name}</dt>
      <dd>{value}</dd>
    </>
  );
}
