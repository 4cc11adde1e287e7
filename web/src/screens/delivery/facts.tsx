/** What identifies a delivery, and when it was what. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { groupsQuery, type Me } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { TimeText } from "../../parts/time-text.js";
import type { Delivery } from "./queries.js";

interface FactsProps {
  delivery: Delivery;
  /** URL of the subscription. */
  endpoint: string | undefined;
  me: Me;
}

export function Facts({ delivery, endpoint, me }: FactsProps) {
  const { data: groups } = useQuery(groupsQuery);
  const group = groups?.data.find(({ id }) => id === delivery.groupId);
  return (
    <section className="card" aria-label={t("delivery.facts.title")}>
      <dl className="facts">
        <dt>{t("delivery.facts.endpoint")}</dt>
        <dd>{endpoint ?? <code>{delivery.subscriptionId}</code>}</dd>
        <dt>{t("delivery.facts.group")}</dt>
        <dd>{group?.name ?? <code>{delivery.groupId}</code>}</dd>
        <dt>{t("delivery.facts.event")}</dt>
        <dd>
          <Link to="/events/$id" params={{ id: delivery.eventId }}>
            <code>{delivery.eventId}</code>
          </Link>
        </dd>
        <dt>{t("delivery.facts.id")}</dt>
        <dd>
          <code>{delivery.id}</code>
        </dd>
        <dt>{t("delivery.facts.created")}</dt>
        <dd>
          <TimeText at={delivery.createdAt} />
        </dd>
        <dt>{t("delivery.facts.updated")}</dt>
        <dd>
          <TimeText at={delivery.updatedAt} />
        </dd>
        {delivery.workflowId !== undefined && me.temporalUi !== undefined && (
          <>
            <dt>{t("delivery.facts.workflow")}</dt>
            <dd>
              <code>{delivery.workflowId}</code>
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
