/** A dialog before something that cannot be undone. The name of what is meant has to be typed. */
import { type FormEvent, useId, useState } from "react";
import { t } from "../i18n/index.js";
import { Dialog } from "./dialog.js";
import { ProblemNotice } from "./problem-notice.js";

interface TypedDialogProps {
  title: string;
  /** What is done, and what it brings with it. */
  question: string;
  label: string;
  /** What has to be typed. */
  wanted: string;
  yes: string;
  run: { mutate: () => void; isPending: boolean; error: unknown };
  close: () => void;
}

export function TypedDialog({ title, question, label, wanted, yes, run, close }: TypedDialogProps) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const isTyped = typed.trim() === wanted;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isTyped) run.mutate();
  };
  return (
    <Dialog asks title={title} close={close}>
      <p>{question}</p>
      <form onSubmit={submit} className="field">
        <label htmlFor={id}>{label}</label>
        <input
          id={id}
          value={typed}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => setTyped(target.value)}
        />
        {run.error !== null && <ProblemNotice error={run.error} />}
        <div className="row">
          <button className="button" disabled={!isTyped || run.isPending}>
            {yes}
          </button>
          <button type="button" className="button quiet" onClick={close}>
            {t("act.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
