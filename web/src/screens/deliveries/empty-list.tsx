/** A list without rows says why, and what to do next. */
import { Link } from "@tanstack/react-router";
import { t } from "../../i18n/index.js";
import type { Role } from "../../api/queries.js";
import { keptSearch } from "../../search-parameters.js";
import { type DeliveriesSearch, isFiltered } from "./filters/filters.js";

interface EmptyListProps {
  search: DeliveriesSearch;
  role: Role;
  newest: () => void;
}

export function EmptyList({ search, role, newest }: EmptyListProps) {
  if (search.cursor !== undefined)
    return (
      <section className="card">
        <p>{t("deliveries.emptyPage")}</p>
        <button type="button" className="button quiet" onClick={newest}>
          {t("problem.newest")}
        </button>
      </section>
    );
  if (isFiltered(search))
    return (
      <section className="card">
        <h2>{t("deliveries.nothingMatches")}</h2>
        <p>{t("deliveries.nothingMatchesDetail")}</p>
        <p>
          <Link to="/deliveries" search={keptSearch(search)}>
            {t("deliveries.clearFilters")}
          </Link>
        </p>
      </section>
    );
  return (
    <section className="card">
      <h2>{t("deliveries.none")}</h2>
      <p>{t(role === "consumer" ? "deliveries.noneConsumer" : "deliveries.noneOthers")}</p>
      <p>
        <a href="/docs">{t("help.documentation")}</a>
      </p>
    </section>
  );
}
