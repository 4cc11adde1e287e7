/** What the list shows of an event type. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { apisQuery } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Breakable } from "../../parts/breakable.js";
import type { CellColumn } from "../../parts/rows/columns.js";
import styles from "./catalogue.module.css";
import type { EventType } from "./queries.js";

export const EVENT_TYPE_COLUMNS: readonly CellColumn<EventType>[] = [
  { key: "type", title: () => t("catalogue.column.type"), fixed: true, cell: (row) => <TypeName type={row} /> },
  { key: "api", title: () => t("catalogue.column.api"), cell: ({ apiId }) => <ApiName id={apiId} /> },
  { key: "description", title: () => t("catalogue.column.description"), cell: ({ description }) => description },
  { key: "version", title: () => t("catalogue.column.version"), cell: ({ version }) => version },
];

function TypeName({ type: { name, deprecation } }: { type: EventType }) {
  return (
    <span>
      <Link to="/catalogue/$name" params={{ name }} preload={false}>
        <Breakable text={name} />
      </Link>
      {deprecation && <span className={styles.deprecated}> {t("catalogue.deprecated")}</span>}
    </span>
  );
}

function ApiName({ id }: { id: string }) {
  const { data: apis } = useQuery(apisQuery);
  return apis?.data.find((each) => each.id === id)?.name ?? id;
}
