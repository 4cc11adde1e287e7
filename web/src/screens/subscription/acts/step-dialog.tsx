/**
 * Asks before a step in the life of a subscription is taken, takes the reason for the audit, and says what came of it.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { Dialog } from "../../../parts/dialog.js";
import { useDraft } from "../../../parts/draft.js";
import { endpointName } from "../../../parts/names.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { forgetSubscription } from "../queries.js";
import type { StepName } from "./possible-acts.js";

interface StepDialogProps {
  step: StepName;
  subscription: Subscription;
  close: () => void;
}

const takesReason = (step: StepName): step is Exclude<StepName, "verify" | "test"> =>
  step !== "verify" && step !== "test";
const needsReason = (step: StepName): boolean => step === "reject" || step === "suspend";

export function StepDialog({ step, subscription, close }: StepDialogProps) {
  const endpoint = endpointName(subscription);
  const title = t(`subscriptionStep.${step}.title`);
  if ((step === "approve" || step === "reject") && subscription.secondPersonNeeded)
    return (
      <Dialog title={title} close={close}>
        <p>{t("subscription.secondPerson")}</p>
        <div className="row">
          <button type="button" className="button quiet" onClick={close}>
            {t("act.close")}
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog asks title={title} close={close}>
      <p>{t(`subscriptionStep.${step}.question`, { endpoint })}</p>
      <Step step={step} subscription={subscription} close={close} />
    </Dialog>
  );
}

const path = (id: string) => ({ params: { path: { id } } });

function call(
  step: StepName,
  id: string,
  { reason, activate }: { reason: string; activate: boolean },
): Promise<{ id: string }> {
  const given = reason.trim() === "" ? {} : { reason: reason.trim() };
  switch (step) {
    case "verify":
      return ask(api.POST("/v1/subscriptions/{id}/verify", { ...path(id), body: { method: "challenge" } }));
    case "test":
      return ask(api.POST("/v1/subscriptions/{id}/test", path(id)));
    case "approve":
      return ask(api.POST("/v1/subscriptions/{id}/approve", { ...path(id), body: { ...given, activate } }));
    case "reject":
    case "suspend":
      return ask(api.POST(`/v1/subscriptions/{id}/${step}`, { ...path(id), body: { reason: reason.trim() } }));
    case "submit":
    case "pause":
    case "resume":
    case "reinstate":
      return ask(api.POST(`/v1/subscriptions/{id}/${step}`, { ...path(id), body: given }));
  }
}

function Step({ step, subscription, close }: StepDialogProps) {
  const { id, status } = subscription;
  const client = useQueryClient();
  const [reason, setReason, dropReason] = useDraft(`${step}.${id}`, "");
  const [activate, setActivate] = useState(false);
  const run = useMutation({
    mutationFn: () => call(step, id, { reason, activate }),
    async onSuccess() {
      dropReason();
      await forgetSubscription(client, id);
    },
  });
  if (run.isSuccess) return <Done step={step} id={id} eventId={eventOf(step, run.data)} close={close} />;
  const missing = needsReason(step) && reason.trim() === "";
  return (
    <>
      {takesReason(step) && (
        <div className="field">
          <label htmlFor="step-reason">{t(needsReason(step) ? "subscription.reasonNeeded" : "recover.reason")}</label>
          <input
            id="step-reason"
            value={reason}
            maxLength={500}
            required={needsReason(step)}
            onChange={({ target }) => setReason(target.value)}
          />
        </div>
      )}
      {step === "approve" && status === "submitted" && (
        <label className="row">
          <input type="checkbox" checked={activate} onChange={({ target }) => setActivate(target.checked)} />
          {t("subscription.activate")}
        </label>
      )}
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={run.isPending || missing}
          aria-busy={run.isPending}
          onClick={() => run.mutate()}
        >
          {t(`subscriptionStep.${step}.yes`, { endpoint: endpointName(subscription) })}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.cancel")}
        </button>
      </div>
    </>
  );
}

/** Of a test event: the event that was published. */
const eventOf = (step: StepName, answer: { id: string }): string | undefined =>
  step === "test" ? answer.id : undefined;

interface DoneProps {
  step: StepName;
  id: string;
  eventId: string | undefined;
  close: () => void;
}

function Done({ step, id, eventId, close }: DoneProps) {
  return (
    <>
      <p role="status">{t(`subscriptionStep.${step}.done`)}</p>
      <div className="row">
        {eventId !== undefined && (
          <Link to="/deliveries/$id" params={{ id: `${eventId}.${id}` }} className="button" preload={false}>
            {t("subscription.toTheTest")}
          </Link>
        )}
        <button type="button" className="button quiet" onClick={close}>
          {t("act.close")}
        </button>
      </div>
    </>
  );
}
