/** What can be done with the selected rows, or with all that match. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { mayDo } from "../../../api/access.js";
import { useMe } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import { numberOf } from "../../../i18n/number.js";
import { copyText } from "../../../parts/copy.js";
import { CancelDialog } from "./cancel-dialog.js";
import type { DeliveriesSearch } from "../filters/filters.js";
import { useNames } from "../../../parts/names.js";
import { countQuery, type DeliverySummary } from "../queries.js";
import { RecoverDialog } from "./recover-dialog.js";
import { ResendDialog } from "./resend-dialog.js";
import type { Selection } from "./selection.js";
import styles from "./selection-bar.module.css";

interface SelectionBarProps {
  search: DeliveriesSearch;
  selection: Selection;
  rows: readonly DeliverySummary[];
  done: () => void;
}

export function SelectionBar({ search, selection, rows, done }: SelectionBarProps) {
  const { role } = useMe();
  const [asking, setAsking] = useState<"resend" | "cancel" | "recover">();
  const [said, setSaid] = useState("");
  const { data: counted } = useQuery(countQuery(search));
  const chosen = rows.filter(({ id }) => selection.ids.has(id));
  const names = useNames(chosen.map(({ subscriptionId }) => subscriptionId));
  const close = () => setAsking(undefined);
  if (selection.ids.size === 0) return null;
  const total = counted && `${numberOf(counted.count)}${counted.atLeast ? "+" : ""}`;
  const isWholePage = chosen.length === rows.length && counted !== undefined && counted.count > rows.length;
  return (
    <div className={styles.bar} role="group" aria-label={t("selection.label")}>
      <strong role="status">
        {selection.everything && total !== undefined
          ? t("selection.everything", { total })
          : t("selection.count", { count: chosen.length })}
      </strong>
      {isWholePage && !selection.everything && mayDo(role, "recoveries:write") && (
        <button type="button" className="button plain" onClick={selection.selectEverything}>
          {t("selection.selectEverything", { total })}
        </button>
      )}
      <button type="button" className="button" onClick={() => setAsking(selection.everything ? "recover" : "resend")}>
        {t("selection.resend")}
      </button>
      {!selection.everything && (
        <>
          <button type="button" className="button quiet" onClick={() => setAsking("cancel")}>
            {t("selection.cancel")}
          </button>
          <button
            type="button"
            className="button quiet"
            onClick={() => void copyText(chosen.map(({ id }) => id).join("\n")).then(setSaid)}
          >
            {t("selection.copy")}
          </button>
        </>
      )}
      <button type="button" className="button quiet" onClick={selection.clear}>
        {t("selection.clear")}
      </button>
      <span role="status">{said}</span>
      {asking === "resend" && <ResendDialog rows={chosen} names={names} close={close} done={done} />}
      {asking === "cancel" && <CancelDialog rows={chosen} names={names} close={close} done={done} />}
      {asking === "recover" && <RecoverDialog search={search} close={close} done={done} />}
    </div>
  );
}
