/** Asks for the reason, takes the step for each, lists what failed and why, and takes it back within 10 seconds. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ask } from "../../../api/client.js";
import { isSessionEnded, problemOf } from "../../../api/problem.js";
import { t } from "../../../i18n/index.js";
import { Dialog } from "../../../parts/dialog.js";
import { useDraft } from "../../../parts/draft.js";
import { endpointName, useNames } from "../../../parts/names.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import styles from "../../deliveries/acts/selection-bar.module.css";
import { type BulkResult, type BulkStep, REVERSE, takeEach } from "./bulk.js";

interface BulkDialogProps {
  step: BulkStep;
  rows: readonly Subscription[];
  /** How many of the selected ones the step does not concern. */
  others: number;
  close: () => void;
  done: () => void;
}
type Result = BulkResult<Subscription>;

/** So long what was done can be taken back. */
const UNDO_MS = 10_000;

const takeAll = (step: BulkStep, rows: readonly Subscription[], reason: string): Promise<Result> =>
  takeEach(
    rows,
    ({ id }) => ask(api.POST(`/v1/subscriptions/{id}/${step}`, { params: { path: { id } }, body: { reason } })),
    isSessionEnded,
  );

export function BulkDialog({ step, rows, others, close, done }: BulkDialogProps) {
  const client = useQueryClient();
  const names = useNames([]);
  const [reason, setReason, drop] = useDraft(`bulk.${step}`, "");
  const settled = async () => {
    await client.invalidateQueries({ queryKey: ["subscriptions"] });
    await client.invalidateQueries({ queryKey: ["subscription"] });
  };
  const run = useMutation({
    mutationFn: () => takeAll(step, rows, reason.trim()),
    async onSettled(_result, error) {
      if (!error) drop();
      done();
      await settled();
    },
  });
  if (run.data)
    return (
      <Dialog asks title={t(`bulk.${step}.title`)} close={close}>
        <Outcome step={step} result={run.data} settled={settled} />
        <CloseRow close={close} />
      </Dialog>
    );
  const groups = [...new Set(rows.map(({ groupId }) => names.group(groupId)))];
  return (
    <Dialog asks title={t(`bulk.${step}.title`)} close={close}>
      <p>{t(`bulk.${step}.question`, { count: rows.length, groups: groups.join(", ") })}</p>
      {others > 0 && <p className="quiet">{t("bulk.others", { count: others })}</p>}
      <label className="field">
        {t("subscription.reasonNeeded")}
        <input value={reason} maxLength={500} required onChange={({ target }) => setReason(target.value)} />
      </label>
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={run.isPending || reason.trim() === ""}
          aria-busy={run.isPending}
          onClick={() => run.mutate()}
        >
          {t(`bulk.${step}.yes`, { count: rows.length })}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.cancel")}
        </button>
      </div>
    </Dialog>
  );
}

function CloseRow({ close }: { close: () => void }) {
  return (
    <div className="row">
      <button type="button" className="button quiet" onClick={close}>
        {t("act.close")}
      </button>
    </div>
  );
}

interface OutcomeProps {
  step: BulkStep;
  result: Result;
  settled: () => Promise<void>;
}

function Outcome({ step, result, settled }: OutcomeProps) {
  const [inTime, setInTime] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setInTime(false), UNDO_MS);
    return () => clearTimeout(timer);
  }, []);
  const back = useMutation({
    mutationFn: () => takeAll(REVERSE[step], result.done, t("bulk.undoReason")),
    onSettled: settled,
  });
  if (back.data) return <Told words={t("bulk.undone", { count: back.data.done.length })} result={back.data} />;
  return (
    <>
      <Told words={t(`bulk.${step}.done`, { count: result.done.length })} result={result} />
      {back.error && <ProblemNotice error={back.error} />}
      {(inTime || back.isPending) && result.done.length > 0 && (
        <div className="row">
          <button type="button" className="button" disabled={back.isPending} onClick={() => back.mutate()}>
            {t("bulk.undo")}
          </button>
          <span className="quiet">{t("bulk.undoFor")}</span>
        </div>
      )}
    </>
  );
}

function Told({ words, result }: { words: string; result: Result }) {
  return (
    <>
      <p role="status">{words}</p>
      {result.failed.length > 0 && (
        <>
          <p>{t("bulk.failed", { count: result.failed.length })}</p>
          <ul className={styles.results}>
            {result.failed.map(({ row, error }) => (
              <li key={row.id}>
                {endpointName(row)}: {problemOf(error).title}. {problemOf(error).detail}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
