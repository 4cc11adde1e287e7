/** Deletes a subscription, once its name has been typed. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { Dialog } from "../../../parts/dialog.js";
import { endpointName } from "../../../parts/names.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";

interface DeleteDialogProps {
  subscription: Subscription;
  close: () => void;
  /** Leaves the page, and ends once it is left. */
  gone: () => Promise<void>;
}

export function DeleteDialog({ subscription, close, gone }: DeleteDialogProps) {
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const { id } = subscription;
  const name = endpointName(subscription);
  const run = useMutation({
    mutationFn: () => ask(api.DELETE("/v1/subscriptions/{id}", { params: { path: { id } } })),
    async onSuccess() {
      // What is still shown would be asked for again.
      await client.cancelQueries({ queryKey: ["subscription", id] });
      // A remembered page of the list would show the row once more, and ask for its health.
      client.removeQueries({ queryKey: ["subscriptions"] });
      await gone();
      client.removeQueries({ queryKey: ["subscription", id] });
      await client.invalidateQueries({ queryKey: ["subscriptions"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() === name) run.mutate();
  };
  return (
    <Dialog asks title={t("subscription.delete.title", { name })} close={close}>
      <p>{t("subscription.delete.question")}</p>
      <form onSubmit={submit} className="field">
        <label htmlFor="delete-name">{t("subscription.delete.type", { name })}</label>
        <input
          id="delete-name"
          value={typed}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => setTyped(target.value)}
        />
        {run.error && <ProblemNotice error={run.error} />}
        <div className="row">
          <button className="button" disabled={typed.trim() !== name || run.isPending}>
            {t("subscription.delete.yes", { name })}
          </button>
          <button type="button" className="button quiet" onClick={close}>
            {t("act.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
