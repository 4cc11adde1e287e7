/** Asks, then does one call for each of some rows, and says of each that failed why. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { problemOf } from "../../../api/problem.js";
import { t } from "../../../i18n/index.js";
import { Dialog } from "../../../parts/dialog.js";
import type { DeliverySummary } from "../queries.js";
import styles from "./selection-bar.module.css";

interface EachDialogProps {
  title: string;
  /** To whom, in words. */
  question: string;
  confirm: string;
  rows: readonly DeliverySummary[];
  act: (row: DeliverySummary) => Promise<unknown>;
  /** How many it worked for. */
  result: (count: number) => string;
  close: () => void;
  done: () => void;
}

interface Failure {
  id: string;
  why: string;
}

export function EachDialog({ title, question, confirm, rows, act, result, close, done }: EachDialogProps) {
  const [at, setAt] = useState(0);
  const work = useMutation({
    // One after the other: the service has others to serve, and a session has a rate.
    async mutationFn() {
      const failures: Failure[] = [];
      for (const [index, row] of rows.entries()) {
        setAt(index + 1);
        try {
          await act(row);
        } catch (error) {
          const problem = problemOf(error);
          // Without a session each of the others would fail alike.
          if (problem.status === 401) throw error;
          failures.push({ id: row.id, why: `${problem.title}. ${problem.detail}` });
        }
      }
      return failures;
    },
    onSettled: done,
  });
  return (
    <Dialog title={title} asks close={close}>
      {work.data ? (
        <>
          <p role="status">{result(rows.length - work.data.length)}</p>
          <ul className={styles.results}>
            {work.data.map(({ id, why }) => (
              <li key={id}>
                <code>{id}</code> {why}
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p>{question}</p>
      )}
      {work.isPending && <p role="status">{t("selection.progress", { at, total: rows.length })}</p>}
      <div className="row">
        {work.data === undefined && (
          <button type="button" className="button" disabled={work.isPending} onClick={() => work.mutate()}>
            {confirm}
          </button>
        )}
        <button type="button" className="button quiet" onClick={close}>
          {t(work.data ? "act.close" : "selection.leave")}
        </button>
      </div>
    </Dialog>
  );
}
