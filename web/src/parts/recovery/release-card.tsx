/** A recovery that waits for a second person, and the decision. Whoever asked for it sees why there is no button. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { api, ask } from "../../api/client.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import { ActorNames } from "../actor-names.js";
import { Dialog } from "../dialog.js";
import { useDraft } from "../draft.js";
import { ProblemNotice } from "../problem-notice.js";
import { TimeText } from "../time-text.js";
import type { Recovery } from "./model.js";

type Decision = "approve" | "refuse";

export function ReleaseCard({ recovery }: { recovery: Recovery }) {
  const { role } = useMe();
  const [asked, setAsked] = useState<Decision>();
  const { release, count = 0 } = recovery;
  if (recovery.status !== "waiting" || !release) return null;
  const number = numberOf(count);
  const may = mayDo(role, "recoveries:release");
  return (
    <section className="card" aria-label={t("release.title")}>
      <h2>{t("release.title")}</h2>
      <p>{t("release.what", { number })}</p>
      {!release.own && (
        <p>
          {t("requests.askedBy")}: <ActorNames actors={[{ id: recovery.createdBy, name: recovery.createdByName }]} />
        </p>
      )}
      {recovery.reason !== undefined && (
        <p>
          {t("requests.reason")}: {recovery.reason}
        </p>
      )}
      <p>
        {t("release.until")} <TimeText at={release.until} />
      </p>
      {may && !release.own ? (
        <div className="row">
          <button type="button" className="button" onClick={() => setAsked("approve")}>
            {t("release.approve.act")}
          </button>
          <button type="button" className="button quiet" onClick={() => setAsked("refuse")}>
            {t("release.refuse.act")}
          </button>
        </div>
      ) : (
        <p>
          <strong>{t(release.own ? "release.own" : "release.notYours")}</strong>
        </p>
      )}
      {asked && <DecisionDialog decision={asked} id={recovery.id} number={number} close={() => setAsked(undefined)} />}
    </section>
  );
}

interface DecisionDialogProps {
  decision: Decision;
  id: string;
  number: string;
  close: () => void;
}

function DecisionDialog({ decision, id, number, close }: DecisionDialogProps) {
  const client = useQueryClient();
  const [reason, setReason, drop] = useDraft(`release.${id}`, "");
  const given = reason.trim();
  const run = useMutation({
    mutationFn: () => {
      const path = { params: { path: { id } } };
      return decision === "approve"
        ? ask(api.POST("/v1/recoveries/{id}/approve", { ...path, body: given === "" ? {} : { reason: given } }))
        : ask(api.POST("/v1/recoveries/{id}/refuse", { ...path, body: { reason: given } }));
    },
    async onSuccess() {
      drop();
      close();
      await client.invalidateQueries({ queryKey: ["recoveries"] });
    },
  });
  return (
    <Dialog asks title={t(`release.${decision}.title`)} close={close}>
      <p>{t(`release.${decision}.question`, { number })}</p>
      <label className="field">
        {t(decision === "refuse" ? "subscription.reasonNeeded" : "recover.reason")}
        <input value={reason} maxLength={500} onChange={({ target }) => setReason(target.value)} />
      </label>
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={run.isPending || (decision === "refuse" && given === "")}
          onClick={() => run.mutate()}
        >
          {t(`release.${decision}.yes`, { number })}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.cancel")}
        </button>
      </div>
    </Dialog>
  );
}
