/** Sends some deliveries again: how many and to whom is said before. */
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { EachDialog } from "./each-dialog.js";
import type { Names } from "../../../parts/names.js";
import type { DeliverySummary } from "../queries.js";

export interface RowsDialogProps {
  rows: readonly DeliverySummary[];
  names: Names;
  close: () => void;
  done: () => void;
}

/** Names of the endpoints, each once. */
export const endpointsOf = (rows: readonly DeliverySummary[], names: Names): string =>
  [...new Set(rows.map(({ subscriptionId }) => names.endpoint(subscriptionId)))].join(", ");

export function ResendDialog({ rows, names, close, done }: RowsDialogProps) {
  const count = rows.length;
  const again = rows.filter(({ status }) => status === "delivered").length;
  const endpoints = endpointsOf(rows, names);
  return (
    <EachDialog
      title={t("resend.title", { count })}
      question={[t("resend.question", { count, endpoints }), again > 0 ? t("resend.delivered", { count: again }) : ""]
        .join(" ")
        .trim()}
      confirm={t("resend.confirm", { count })}
      rows={rows}
      act={(row) => ask(api.POST("/v1/deliveries/{id}/resend", { params: { path: { id: row.id } } }))}
      result={(sent) => t("resend.result", { count: sent })}
      close={close}
      done={done}
    />
  );
}
