/** What was sent to whom, and what came back. */
import { Page } from "../../parts/page.js";
import { t } from "../../i18n/index.js";

export function Deliveries() {
  return <Page title={t("nav.deliveries")}>{null}</Page>;
}
