/** The rows. On a narrow screen each is a card, and the table's roles stay. */
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useRef, useState } from "react";
import { t } from "../../i18n/index.js";
import { useKeys } from "../../keys/keys.js";
import { copyText, curlOf } from "../../parts/copy.js";
import { ColumnHeads, ColumnsMenu } from "../../parts/rows/columns.js";
import { useDeliveryColumns } from "./columns.js";
import { DeliveryRow } from "./delivery-row.js";
import { useNames } from "../../parts/names.js";
import type { DeliverySummary } from "./queries.js";
import { ResendDialog } from "./acts/resend-dialog.js";
import type { Selection } from "./acts/selection.js";
import styles from "../../parts/rows/table.module.css";

interface DeliveryTableProps {
  rows: readonly DeliverySummary[];
  /** Absent for who may only read. */
  selection: Selection | undefined;
  busy: boolean;
  changed: () => void;
}

/** Moves between rows, opens, resends and copies the one that has the focus. */
function useRowKeys(
  body: RefObject<HTMLElement | null>,
  rows: readonly DeliverySummary[],
  acts: { resend: (row: DeliverySummary) => void; say: (sentence: string) => void },
): void {
  const navigate = useNavigate();
  const links = () => [...(body.current?.querySelectorAll<HTMLElement>("[data-row-link]") ?? [])];
  const at = () => links().findIndex((link) => link.closest("tr")?.contains(document.activeElement));
  const move = (step: number) => links()[Math.min(Math.max(at() + step, 0), rows.length - 1)]?.focus();
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter({ target }) {
      const row = rows[at()];
      // A link or a button does by itself what it is for.
      if (!row || target instanceof HTMLAnchorElement || target instanceof HTMLButtonElement) return;
      void navigate({ to: "/deliveries/$id", params: { id: row.id } });
    },
    r() {
      const row = rows[at()];
      if (row) acts.resend(row);
    },
    e() {
      const row = rows[at()];
      if (row) void copyText(curlOf(`/v1/deliveries/${encodeURIComponent(row.id)}`)).then(acts.say);
    },
  });
}

export function DeliveryTable({ rows, selection, busy, changed }: DeliveryTableProps) {
  const columns = useDeliveryColumns();
  const names = useNames(rows.map(({ subscriptionId }) => subscriptionId));
  const body = useRef<HTMLTableSectionElement>(null);
  const [said, setSaid] = useState("");
  const [resending, setResending] = useState<DeliverySummary>();
  useRowKeys(body, rows, { resend: (row) => selection && setResending(row), say: setSaid });
  const all = selection !== undefined && selection.ids.size === rows.length;
  return (
    <>
      <div className={styles.head}>
        {/* Not in the table's head, which a narrow screen does not show. */}
        {selection && (
          <label className="row">
            <input type="checkbox" checked={all} onChange={selection.togglePage} />
            {t("deliveries.selectPage")}
          </label>
        )}
        <p role="status" className="quiet">
          {said}
        </p>
        <ColumnsMenu columns={columns} atEnd />
      </div>
      <div className={styles.wide}>
        <table className={styles.table} role="table" aria-label={t("nav.deliveries")} aria-busy={busy}>
          <ColumnHeads columns={columns.shown} select={selection && t("selection.label")} />
          <tbody role="rowgroup" ref={body}>
            {rows.map((row) => (
              <DeliveryRow
                key={row.id}
                row={row}
                columns={columns.shown}
                endpoint={names.endpoint(row.subscriptionId)}
                group={names.group(row.groupId)}
                selected={selection && (selection.everything || selection.ids.has(row.id))}
                toggle={selection?.toggle}
              />
            ))}
          </tbody>
        </table>
      </div>
      {resending && (
        <ResendDialog rows={[resending]} names={names} close={() => setResending(undefined)} done={changed} />
      )}
    </>
  );
}
