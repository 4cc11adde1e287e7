/** Sends an event to an endpoint that did not get it. The service says why not, where it is not for that endpoint. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { Dialog } from "../../parts/dialog.js";
import { useDraft } from "../../parts/draft.js";
import { ProblemNotice } from "../../parts/problem-notice.js";

interface SendDialogProps {
  eventId: string;
  subscriptionId: string;
  endpoint: string;
  close: () => void;
}

export function SendDialog({ eventId, subscriptionId, endpoint, close }: SendDialogProps) {
  const client = useQueryClient();
  const [reason, setReason, drop] = useDraft(`send.${eventId}`, "");
  const given = reason.trim();
  const run = useMutation({
    mutationFn: () =>
      ask(
        api.POST("/v1/events/{ref}/send", {
          params: { path: { ref: eventId } },
          body: { subscriptionId, ...(given && { reason: given }) },
        }),
      ),
    async onSuccess() {
      drop();
      await client.invalidateQueries({ queryKey: ["routing", eventId] });
    },
  });
  if (run.data)
    return (
      <Dialog title={t("event.send.title")} close={close}>
        <p role="status">{t("event.send.done", { endpoint })}</p>
        <div className="row">
          <Link to="/deliveries/$id" params={{ id: run.data.id }} className="button" preload={false}>
            {t("event.routing.delivery")}
          </Link>
          <button type="button" className="button quiet" onClick={close}>
            {t("act.close")}
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog asks title={t("event.send.title")} close={close}>
      <p>{t("event.send.question", { endpoint })}</p>
      <label className="field">
        {t("recover.reason")}
        <input value={reason} maxLength={500} onChange={({ target }) => setReason(target.value)} />
      </label>
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button type="button" className="button" disabled={run.isPending} onClick={() => run.mutate()}>
          {t("event.send.yes", { endpoint })}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.cancel")}
        </button>
      </div>
    </Dialog>
  );
}
