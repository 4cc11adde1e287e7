/** A consumer asks its provider for a grant, with the reason that the provider reads. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "../../api/client.js";
import type { Me } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Dialog } from "../../parts/dialog.js";
import { useDraft } from "../../parts/draft.js";
import { ProblemNotice } from "../../parts/problem-notice.js";

interface AskDialogProps {
  /** Id of an api, or name of an event type. */
  grant: string;
  name: string;
  me: Me;
  close: () => void;
}

export function AskDialog({ grant, name, me, close }: AskDialogProps) {
  const client = useQueryClient();
  const groups = me.groups ?? [];
  const [groupId, setGroupId] = useState(groups[0]?.id ?? "");
  const [reason, setReason, drop] = useDraft(`grant.${grant}`, "");
  const run = useMutation({
    mutationFn: () =>
      ask(
        api.POST("/v1/grant-requests", { body: { groupId, grant, ...(reason.trim() && { reason: reason.trim() }) } }),
      ),
    async onSuccess() {
      drop();
      await client.invalidateQueries({ queryKey: ["grant-requests"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  if (run.isSuccess) return <Asked name={name} close={close} />;
  return (
    <Dialog asks title={t("ask.title", { name })} close={close}>
      <form onSubmit={submit} className="field">
        <p>{t("ask.question")}</p>
        {groups.length > 1 && (
          <label className="field">
            {t("deliveries.column.group")}
            <select value={groupId} onChange={({ target }) => setGroupId(target.value)}>
              {groups.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="field">
          {t("ask.reason")}
          <input value={reason} maxLength={1_000} onChange={({ target }) => setReason(target.value)} />
        </label>
        {run.error && <ProblemNotice error={run.error} />}
        <div className="row">
          <button className="button" disabled={run.isPending || groupId === ""}>
            {t("ask.yes")}
          </button>
          <button type="button" className="button quiet" onClick={close}>
            {t("act.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Asked({ name, close }: Pick<AskDialogProps, "name" | "close">) {
  return (
    <Dialog title={t("ask.title", { name })} close={close}>
      <p role="status">{t("ask.done")}</p>
      <div className="row">
        <button type="button" className="button quiet" onClick={close}>
          {t("act.close")}
        </button>
      </div>
    </Dialog>
  );
}
