/**
 * Newer and older, by cursor. Older pages are steps of the browser's history, so its own back button leads to the newer
 * page as well.
 */
import { Link, useCanGoBack, useRouter } from "@tanstack/react-router";
import { t } from "../../i18n/index.js";
import type { DeliveriesSearch } from "./filters/filters.js";

interface PagingProps {
  search: DeliveriesSearch;
  next: string | null;
  newest: () => void;
}

export function Paging({ search, next, newest }: PagingProps) {
  const router = useRouter();
  const canGoBack = useCanGoBack();
  const onFirst = search.cursor === undefined;
  if (onFirst && next === null) return null;
  return (
    <nav className="row" aria-label={t("deliveries.paging")}>
      {!onFirst && (
        <>
          <button type="button" className="button quiet" onClick={newest}>
            {t("deliveries.newest")}
          </button>
          {canGoBack && (
            <button type="button" className="button quiet" onClick={() => router.history.back()}>
              {t("deliveries.newer")}
            </button>
          )}
        </>
      )}
      {next !== null && (
        <Link from="/deliveries" to="." search={(before) => ({ ...before, cursor: next })} className="button quiet">
          {t("deliveries.older")}
        </Link>
      )}
    </nav>
  );
}
