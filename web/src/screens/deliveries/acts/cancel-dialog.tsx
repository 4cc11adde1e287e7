/** Ends some deliveries that are not settled. They can be resent later. */
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { EachDialog } from "./each-dialog.js";
import { endpointsOf, type RowsDialogProps } from "./resend-dialog.js";

export function CancelDialog({ rows, names, close, done }: RowsDialogProps) {
  const count = rows.length;
  return (
    <EachDialog
      title={t("cancel.title", { count })}
      question={t("cancel.question", { count, endpoints: endpointsOf(rows, names) })}
      confirm={t("cancel.confirm", { count })}
      rows={rows}
      act={(row) => ask(api.POST("/v1/deliveries/{id}/cancel", { params: { path: { id: row.id } } }))}
      result={(cancelled) => t("cancel.result", { count: cancelled })}
      close={close}
      done={done}
    />
  );
}
