/** A problem of the API in words: what happened, what to do, the code to pass on, and a way to try again. */
import { t } from "../i18n/index.js";
import { isCursorRefused, isSessionEnded, problemOf } from "../api/problem.js";
import { Icon } from "./icon.js";
import styles from "./notice.module.css";

interface ProblemNoticeProps {
  error: unknown;
  again?: (() => void) | undefined;
  /** Where a list's cursor was refused: begins the list anew. */
  newest?: (() => void) | undefined;
  /** Faults that are shown at their own fields. */
  isElsewhere?: (path: string) => boolean;
}

/** Whether the sentence of the API points a program to the member that stands below as a list. */
const isOfErrors = ({ detail }: { detail?: string | undefined }): boolean => detail?.includes("`errors`") ?? false;

export function ProblemNotice({ error, again, newest, isElsewhere }: ProblemNoticeProps) {
  const problem = problemOf(error);
  const faults = problem.errors?.filter(({ path }) => !isElsewhere?.(path)) ?? [];
  // The frame says it, once, with the way to log in.
  if (isSessionEnded(error)) return null;
  if (newest && isCursorRefused(problem))
    return (
      <div className={styles.bad} role="alert">
        <p className={styles.title}>{t("problem.movedOn")}</p>
        <p>{t("problem.movedOnDetail")}</p>
        <button type="button" className="button quiet" onClick={newest}>
          {t("problem.newest")}
        </button>
      </div>
    );
  // A page asks for what its address names. The sentence of the API speaks to programs.
  if (problem.code === "not_found" && faults.length === 0) return <NotFoundNotice />;
  return (
    <div className={styles.bad} role="alert">
      <p className={styles.title}>
        <Icon name="stop" /> {problem.title || t("problem.crashed")}
      </p>
      <p>
        {faults.length > 0 && isOfErrors(problem) ? t("problem.correct") : problem.detail || t("problem.crashedDetail")}
      </p>
      {faults.length > 0 && (
        <ul>
          {faults.map(({ path, message }) => (
            <li key={path}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      <p className={styles.code}>
        {t("problem.code")}: <code>{problem.code}</code>
      </p>
      {again && (
        <button type="button" className="button quiet" onClick={again}>
          {t("act.again")}
        </button>
      )}
    </div>
  );
}

function NotFoundNotice() {
  return (
    <div className={styles.bad} role="alert">
      <p className={styles.title}>
        <Icon name="stop" /> {t("notFound.title")}
      </p>
      <p>{t("notFound.what")}</p>
      <p className={styles.code}>
        {t("problem.code")}: <code>not_found</code>
      </p>
    </div>
  );
}
