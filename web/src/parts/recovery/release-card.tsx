/** A recovery that waits for a second person, and the decision. Whoever asked for it sees why there is no button. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
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
import { PreviewCount, previewQuery } from "./previewed.js";
import styles from "./recovery.module.css";

type Decision = "approve" | "refuse";

export function ReleaseCard({ recovery }: { recovery: Recovery }) {
  const { role } = useMe();
  const [asked, setAsked] = useState<Decision>();
  const { release, count = 0 } = recovery;
  if (recovery.status !== "waiting" || !release) return null;
  const number = numberOf(count);
  const may = mayDo(role, "recoveries:release");
  return (
    <section className={`card ${styles.release ?? ""}`} aria-label={t("release.title")}>
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
      {asked && <DecisionDialog decision={asked} recovery={recovery} close={() => setAsked(undefined)} />}
    </section>
  );
}

/** Counted anew for the person who decides: to whom it goes, and what has changed since it was asked for. */
function SentNow({ recovery: { filter, count } }: { recovery: Recovery }) {
  const { data, error, refetch } = useQuery(previewQuery(filter));
  return (
    <section className={styles.release} aria-label={t("release.now")} aria-live="polite">
      <h3>{t("release.now")}</h3>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <p>{t("recover.counting")}</p>}
      {data && <PreviewCount preview={data} />}
      {data && count !== undefined && data.count !== count && <p>{t("release.asked", { number: numberOf(count) })}</p>}
    </section>
  );
}

interface DecisionDialogProps {
  decision: Decision;
  recovery: Recovery;
  close: () => void;
}

function DecisionDialog({ decision, recovery, close }: DecisionDialogProps) {
  const { id, count = 0 } = recovery;
  const number = numberOf(count);
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
      {decision === "approve" && <SentNow recovery={recovery} />}
      <label className="field">
        {t(decision === "refuse" ? "release.refusalReason" : "recover.reason")}
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
