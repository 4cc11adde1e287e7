/** A schema, member by member. Its depth is shown, and said. */
import { useMemo } from "react";
import { t } from "../../i18n/index.js";
import styles from "./catalogue.module.css";
import { schemaTree } from "./schema-tree.js";
import scroll from "../../parts/rows/scroll-table.module.css";

export function SchemaTable({ schema }: { schema: unknown }) {
  const { lines, cut } = useMemo(() => schemaTree(schema), [schema]);
  if (lines.length === 0) return <p>{t("catalogue.openSchema")}</p>;
  return (
    <>
      <div className={scroll.scroll} role="group" aria-label={t("catalogue.schema")} tabIndex={0}>
        <table className={`${scroll.table} ${styles.table}`} aria-label={t("catalogue.schema")}>
          <thead>
            <tr>
              <th scope="col">{t("catalogue.member")}</th>
              <th scope="col">{t("catalogue.type")}</th>
              <th scope="col">{t("catalogue.meaning")}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ path, name, depth, type, required, description, limits }) => (
              <tr key={path}>
                <th scope="row" data-depth={Math.min(depth, 6)}>
                  <code title={path}>{name}</code>
                  {depth > 0 && <span className="unseen"> {t("catalogue.within", { path })}</span>}
                </th>
                <td>
                  {type}
                  <span className="quiet"> {t(required ? "catalogue.required" : "catalogue.optional")}</span>
                </td>
                <td>
                  {description}
                  {limits.length > 0 && (
                    <span className="quiet">
                      {" "}
                      {limits.map((limit) => (
                        <code key={limit}>{limit} </code>
                      ))}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {cut && <p className="quiet">{t("catalogue.cut")}</p>}
    </>
  );
}
