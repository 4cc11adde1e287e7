/** Older pages of a list by its cursor, and back to the newest. */
import { Link } from "@tanstack/react-router";
import { t } from "../i18n/index.js";

interface CursorPagingProps {
  cursor: string | undefined;
  next: string | null;
  newest: () => void;
}

export function CursorPaging({ cursor, next, newest }: CursorPagingProps) {
  if (cursor === undefined && next === null) return null;
  return (
    <nav className="row" aria-label={t("deliveries.paging")}>
      {cursor !== undefined && (
        <button type="button" className="button quiet" onClick={newest}>
          {t("deliveries.newest")}
        </button>
      )}
      {next !== null && (
        <Link to="." search={(before) => ({ ...before, cursor: next })} className="button quiet">
          {t("deliveries.older")}
        </Link>
      )}
    </nav>
  );
}
