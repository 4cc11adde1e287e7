/** Deletes a subscription, once its name has been typed. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { endpointName } from "../../../parts/names.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { TypedDialog } from "../../../parts/typed-dialog.js";

interface DeleteDialogProps {
  subscription: Subscription;
  close: () => void;
  /** Told before it is deleted, and when that failed: nothing may be asked of it any more meanwhile. */
  leaving: (isLeaving: boolean) => void;
  /** Leaves the page, and ends once it is left. */
  gone: () => Promise<void>;
}

export function DeleteDialog({ subscription, close, leaving, gone }: DeleteDialogProps) {
  const client = useQueryClient();
  const { id } = subscription;
  const name = endpointName(subscription);
  const run = useMutation({
    onMutate: () => leaving(true),
    mutationFn: () => ask(api.DELETE("/v1/subscriptions/{id}", { params: { path: { id } } })),
    onError: () => leaving(false),
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
  return (
    <TypedDialog
      title={t("subscription.delete.title", { name })}
      question={t("subscription.delete.question")}
      label={t("subscription.delete.type", { name })}
      wanted={name}
      yes={t("subscription.delete.yes", { name })}
      run={run}
      close={close}
    />
  );
}
