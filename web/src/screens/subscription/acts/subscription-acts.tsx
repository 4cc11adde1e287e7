/** What can be done with a subscription. What has an effect on others asks first, and says which. */
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { mayDo } from "../../../api/access.js";
import type { Me } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import styles from "../subscription.module.css";
import { DeleteDialog } from "./delete-dialog.js";
import { isInService, nextStep, type StepName, stepsFor } from "./possible-acts.js";
import { StepDialog } from "./step-dialog.js";

interface SubscriptionActsProps {
  subscription: Subscription;
  me: Me;
  leaving: (isLeaving: boolean) => void;
}

export function SubscriptionActs({ subscription, me, leaving }: SubscriptionActsProps) {
  const navigate = useNavigate();
  const [asked, setAsked] = useState<StepName | "delete">();
  const steps = stepsFor(me.role, subscription);
  const next = nextStep(steps, subscription);
  const close = () => setAsked(undefined);
  return (
    <div className={styles.acts}>
      {steps.map((step) => (
        <button
          key={step}
          type="button"
          className={step === next ? "button" : "button quiet"}
          onClick={() => setAsked(step)}
        >
          {t(`subscriptionStep.${step}.act`)}
        </button>
      ))}
      {mayDo(me.role, "recoveries:write") && isInService(subscription.status) && (
        <Link
          to="/recoveries/new"
          search={({ tz }) => ({ ...(tz && { tz }), subscription: subscription.id, since: "-24h" })}
          className="button quiet"
        >
          {t("subscription.recover")}
        </Link>
      )}
      {mayDo(me.role, "subscriptions:write") && (
        <button type="button" className="button quiet" onClick={() => setAsked("delete")}>
          {t("subscription.delete.act")}
        </button>
      )}
      {asked !== undefined && asked !== "delete" && (
        <StepDialog step={asked} subscription={subscription} close={close} />
      )}
      {asked === "delete" && (
        <DeleteDialog
          subscription={subscription}
          close={close}
          leaving={leaving}
          gone={() => navigate({ to: "/subscriptions", replace: true })}
        />
      )}
    </div>
  );
}
