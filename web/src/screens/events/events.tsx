/** Events that were published. */
import { Page } from "../../parts/page.js";
import { t } from "../../i18n/index.js";

export function Events() {
  return <Page title={t("nav.events")}>{null}</Page>;
}
