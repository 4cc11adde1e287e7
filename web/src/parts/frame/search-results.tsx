/** What was found, if it is more than one thing. */
import type { Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { Breakable } from "../breakable.js";
import styles from "./search-box.module.css";

interface SearchResultsProps {
  found: readonly Schemas["SearchResult"][];
  go: (href: string) => void;
}

export function SearchResults({ found, go }: SearchResultsProps) {
  return (
    <ul className={styles.results} aria-label={t("search.results")}>
      {found.map(({ kind, id, title, href }) => (
        <li key={`${kind} ${id}`}>
          <a
            href={href}
            onClick={(event) => {
              // In a new tab the browser opens it itself.
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              go(href);
            }}
          >
            <Breakable text={title} /> <span className="quiet">{t(`search.kind.${kind}`)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
