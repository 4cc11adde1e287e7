/** What can be done with a delivery. What sends or stops says to whom, and asks first. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { api, ask } from "../../api/client.js";
import type { Me } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { useKeys } from "../../keys/keys.js";
import { copyText } from "../../parts/copy.js";
import { Dialog } from "../../parts/dialog.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { asCurl, asHttp, requestOf } from "./as-text.js";
import styles from "./delivery.module.css";
import { type Delivery, deliveryQuery, isAtRest } from "./queries.js";

interface ActsProps {
  delivery: Delivery;
  /** How the endpoint is named in a question. */
  endpoint: string;
  me: Me;
  /** Called when an act was accepted. Its effect follows. */
  done: () => void;
}

type Act = "resend" | "cancel";

export function Acts({ delivery, endpoint, me, done }: ActsProps) {
  const [asked, setAsked] = useState<Act>();
  const { said, copy } = useCopy(delivery);
  const may = mayDo(me.role, "deliveries:write");
  useKeys({ ...(may && { r: () => setAsked("resend") }), e: () => copy("curl") });
  const canCopy = delivery.attempts.at(-1)?.detail !== undefined;
  return (
    <div className={styles.acts}>
      {may && (
        <button type="button" className="button" onClick={() => setAsked("resend")}>
          {t("delivery.resend.act")}
        </button>
      )}
      {may && (!isAtRest(delivery.status) || delivery.status === "parked") && (
        <button type="button" className="button quiet" onClick={() => setAsked("cancel")}>
          {t("delivery.cancel.act")}
        </button>
      )}
      {canCopy && (
        <>
          <button type="button" className="button quiet" onClick={() => copy("curl")}>
            {t("delivery.copy.curl")}
          </button>
          <button type="button" className="button quiet" onClick={() => copy("http")}>
            {t("delivery.copy.http")}
          </button>
        </>
      )}
      {delivery.workflowId !== undefined && me.temporalUi !== undefined && (
        <a
          className="button quiet"
          href={`${me.temporalUi}/workflows/${encodeURIComponent(delivery.workflowId)}`}
          target="_blank"
          rel="noreferrer"
        >
          {t("delivery.temporal")}
        </a>
      )}
      <span role="status" className="quiet">
        {said}
      </span>
      {asked && (
        <Question act={asked} delivery={delivery} endpoint={endpoint} done={done} close={() => setAsked(undefined)} />
      )}
    </div>
  );
}

function useCopy(delivery: Delivery) {
  const [said, setSaid] = useState("");
  function copy(as: "curl" | "http"): void {
    const attempt = delivery.attempts.at(-1);
    const request = attempt && requestOf(delivery, attempt);
    if (!request) return;
    void copyText(as === "curl" ? asCurl(request) : asHttp(request)).then(setSaid);
  }
  return { said, copy };
}

interface QuestionProps {
  act: Act;
  delivery: Delivery;
  endpoint: string;
  done: () => void;
  close: () => void;
}

function Question({ act, delivery, endpoint, done, close }: QuestionProps) {
  const { id, eventType } = delivery;
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => ask(api.POST(`/v1/deliveries/{id}/${act}`, { params: { path: { id } } })),
    onSuccess: async () => {
      close();
      done();
      await client.invalidateQueries({ queryKey: deliveryQuery(id).queryKey });
    },
  });
  return (
    <Dialog asks title={t(`delivery.${act}.title`)} close={close}>
      <p>{t(`delivery.${act}.question`, { type: eventType, endpoint })}</p>
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button type="button" className="button" disabled={run.isPending} onClick={() => run.mutate()}>
          {t(`delivery.${act}.yes`, { endpoint })}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("delivery.leave")}
        </button>
      </div>
    </Dialog>
  );
}
