/** What happens to deliveries while the endpoint is not healthy: whose part it is, what comes when, and what to do. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { api, ask } from "../../api/client.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Icon } from "../../parts/icon.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import type { Health, Subscription } from "../../parts/subscription/model.js";
import { TimeText } from "../../parts/time-text.js";
import { stepsFor } from "./acts/possible-acts.js";
import { StepDialog } from "./acts/step-dialog.js";
import styles from "./subscription.module.css";

interface BreakerProps {
  health: Health;
  subscription: Subscription;
}

export function Breaker({ health, subscription }: BreakerProps) {
  const { state, since, disablesAt, breaker } = health;
  if (state === "healthy") return null;
  return (
    <>
      {since !== undefined && (
        <p>
          {t("health.sinceThen")} <TimeText at={since} />
        </p>
      )}
      {state !== "recovering" && (
        <p className={styles.marked}>
          <Icon name="stop" />
          <strong>{t("delivery.fault.endpoint")}</strong>
        </p>
      )}
      <p>{t(`health.meaning.${state}`)}</p>
      {state === "failing" && <NextProbe breaker={breaker} />}
      {disablesAt !== undefined && (
        <p>
          {t("health.disablesAt")} <TimeText at={disablesAt} />
        </p>
      )}
      {state === "failing" && <TryNow id={subscription.id} />}
      {state === "disabled" && <Resume subscription={subscription} />}
    </>
  );
}

function NextProbe({ breaker: { nextProbeAt, probes = 0, successes = 0 } }: { breaker: Health["breaker"] }) {
  return (
    <>
      <p>
        {nextProbeAt === undefined ? (
          t("health.nextIsProbe")
        ) : (
          <>
            {t("health.nextProbe")} <TimeText at={nextProbeAt} />
          </>
        )}
      </p>
      {probes > 0 && (
        <p>
          {t("health.probes", { count: probes })} {t("health.successes", { count: successes })}
        </p>
      )}
    </>
  );
}

function TryNow({ id }: { id: string }) {
  const { role } = useMe();
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => ask(api.POST("/v1/subscriptions/{id}/probe", { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["subscription", id] }),
  });
  if (!mayDo(role, "subscriptions:run")) return null;
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={run.isPending}
        aria-busy={run.isPending}
        onClick={() => run.mutate()}
      >
        {t("health.tryNow")}
      </button>
      <p role="status">{run.isSuccess && t("health.tried")}</p>
      {run.error && <ProblemNotice error={run.error} />}
    </>
  );
}

function Resume({ subscription }: { subscription: Subscription }) {
  const me = useMe();
  const [asked, setAsked] = useState(false);
  if (!stepsFor(me.role, subscription).includes("resume")) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setAsked(true)}>
        {t("subscriptionStep.resume.act")}
      </button>
      {asked && <StepDialog step="resume" subscription={subscription} close={() => setAsked(false)} />}
    </>
  );
}
