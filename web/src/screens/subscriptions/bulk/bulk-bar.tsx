/** What can be done with the selected subscriptions. */
import { useState } from "react";
import { t } from "../../../i18n/index.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import bar from "../../deliveries/acts/selection-bar.module.css";
import { BULK_STEPS, type BulkStep, changedBy } from "./bulk.js";
import { BulkDialog } from "./bulk-dialog.js";

interface BulkBarProps {
  chosen: readonly Subscription[];
  clear: () => void;
}

export function BulkBar({ chosen, clear }: BulkBarProps) {
  // What was asked for outlives the selection, which is over once it is done.
  const [asking, setAsking] = useState<{ step: BulkStep; rows: readonly Subscription[]; others: number }>();
  return (
    <>
      {chosen.length > 0 && (
        <div className={bar.bar} role="group" aria-label={t("bulk.label")}>
          <strong role="status">{t("selection.count", { count: chosen.length })}</strong>
          {BULK_STEPS.map((step) => {
            const rows = changedBy(step, chosen);
            return (
              <button
                key={step}
                type="button"
                className="button"
                disabled={rows.length === 0}
                onClick={() => setAsking({ step, rows, others: chosen.length - rows.length })}
              >
                {t(`bulk.${step}.act`, { count: rows.length })}
              </button>
            );
          })}
          <button type="button" className="button quiet" onClick={clear}>
            {t("selection.clear")}
          </button>
        </div>
      )}
      {asking && <BulkDialog {...asking} close={() => setAsking(undefined)} done={clear} />}
    </>
  );
}
