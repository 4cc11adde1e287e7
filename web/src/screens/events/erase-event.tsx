/** Erases the content of an event, once its id has been typed. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { api, ask } from "../../api/client.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { TypedDialog } from "../../parts/typed-dialog.js";
import { type EventRecord, eventQuery } from "./queries.js";

/** The button, where the role may and there is still something to erase. */
export function EraseEvent({ event: { id, expungedAt } }: { event: EventRecord }) {
  const { role } = useMe();
  const [asks, setAsks] = useState(false);
  if (!mayDo(role, "events:expunge") || expungedAt !== undefined) return null;
  return (
    <div className="row">
      <button type="button" className="button quiet" onClick={() => setAsks(true)}>
        {t("event.erase.act")}
      </button>
      {asks && <EraseDialog id={id} close={() => setAsks(false)} />}
    </div>
  );
}

function EraseDialog({ id, close }: { id: string; close: () => void }) {
  const client = useQueryClient();
  const run = useMutation({
    mutationFn: () => ask(api.DELETE("/v1/events/{ref}", { params: { path: { ref: id } } })),
    async onSuccess() {
      // Its deliveries and their payloads are remembered under ids of their own.
      for (const key of ["events", "routing", "delivery", "deliveries", "siblings", "signature", "payload-look"])
        client.removeQueries({ queryKey: [key], type: "inactive" });
      await client.invalidateQueries({ queryKey: eventQuery(id).queryKey });
      await client.invalidateQueries({ queryKey: ["routing", id] });
      close();
    },
  });
  return (
    <TypedDialog
      title={t("event.erase.title")}
      question={t("event.erase.question")}
      label={t("event.erase.type", { id })}
      wanted={id}
      yes={t("event.erase.yes")}
      run={run}
      close={close}
    />
  );
}
