/** Pausing, going on, cancelling and repeating a recovery. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { api, ask } from "../../api/client.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Dialog } from "../../parts/dialog.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { isOpen, type Recovery, searchOf } from "../../parts/recovery/model.js";
import { recoveryQuery } from "../../parts/recovery/queries.js";

type Act = "pause" | "resume" | "cancel";

const call = (id: string, act: Act) => ask(api.POST(`/v1/recoveries/{id}/${act}`, { params: { path: { id } } }));

export function RecoveryActs({ recovery }: { recovery: Recovery }) {
  const { role } = useMe();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { id, status } = recovery;
  const run = useMutation({
    mutationFn: (act: Act) => call(id, act),
    async onSuccess(changed) {
      setAsking(false);
      client.setQueryData(recoveryQuery(id).queryKey, changed);
      await client.invalidateQueries({ queryKey: ["recoveries"] });
    },
  });
  if (!mayDo(role, "recoveries:write")) return null;
  return (
    <>
      <div className="row">
        {/* One button for both, so that the focus stays on what undoes the last act, and does not go to Cancel. */}
        {(status === "running" || status === "paused") && (
          <button
            type="button"
            className="button"
            disabled={run.isPending}
            onClick={() => run.mutate(status === "running" ? "pause" : "resume")}
          >
            {t(status === "running" ? "recoveries.pause" : "recoveries.resume")}
          </button>
        )}
        {isOpen(recovery) ? (
          <button type="button" className="button quiet" onClick={() => setAsking(true)}>
            {t("recoveries.cancel")}
          </button>
        ) : (
          <Link to="/recoveries/new" search={searchOf(recovery)} className="button quiet">
            {t("recoveries.repeat")}
          </Link>
        )}
      </div>
      {run.error && !asking && <ProblemNotice error={run.error} />}
      {asking && (
        <Dialog asks title={t("recoveries.cancelTitle")} close={() => setAsking(false)}>
          <p>{t("recoveries.cancelQuestion")}</p>
          {run.error && <ProblemNotice error={run.error} />}
          <div className="row">
            <button type="button" className="button" disabled={run.isPending} onClick={() => run.mutate("cancel")}>
              {t("recoveries.cancelYes")}
            </button>
            <button type="button" className="button quiet" onClick={() => setAsking(false)}>
              {t("recoveries.cancelNo")}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
