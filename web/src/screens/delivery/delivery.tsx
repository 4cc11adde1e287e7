/** One delivery: why it came to what it came to, what to do, and everything that was sent and came back. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { subscriptionQuery, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Page } from "../../parts/page.js";
import { Payload } from "../../parts/payload/payload.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { endpointName } from "../../parts/names.js";
import { Acts } from "./acts.js";
import { Attempts } from "./attempts.js";
import styles from "./delivery.module.css";
import { Facts } from "./facts.js";
import { History } from "./history.js";
import { deliveryQuery } from "./queries.js";
import { Siblings } from "./siblings.js";
import { Why } from "./why.js";

export function DeliveryScreen({ id }: { id: string }) {
  const me = useMe();
  const [changedSince, setChangedSince] = useState<string>();
  const { data: delivery, error, refetch } = useQuery(deliveryQuery(id, changedSince));
  const subscription = useQuery({
    ...subscriptionQuery(delivery?.subscriptionId ?? ""),
    enabled: delivery !== undefined,
  }).data;
  if (!delivery)
    return (
      <Page title={t("delivery.title")}>
        {error ? <ProblemNotice error={error} again={() => void refetch()} /> : <Skeleton />}
      </Page>
    );
  // A subscription that was deleted since is known by its id alone.
  const endpoint = subscription ? endpointName(subscription) : delivery.subscriptionId;
  return (
    <Page
      title={t("delivery.titleOf", { type: delivery.eventType, endpoint })}
      beside={<Acts delivery={delivery} endpoint={endpoint} me={me} done={() => setChangedSince(delivery.updatedAt)} />}
    >
      <div className={styles.page}>
        {error && <ProblemNotice error={error} again={() => void refetch()} />}
        <Why delivery={delivery} />
        <Facts delivery={delivery} endpoint={subscription?.url} me={me} />
        <Attempts delivery={delivery} />
        <Payload
          payload={delivery.payload}
          owner={{ id: delivery.id, eventId: delivery.eventId, eventType: delivery.eventType, at: delivery.createdAt }}
        />
        <History delivery={delivery} />
        <Siblings delivery={delivery} />
      </div>
    </Page>
  );
}
