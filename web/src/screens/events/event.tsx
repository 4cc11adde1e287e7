/** One event: who got it, and why others did not. */
import { Page } from "../../parts/page.js";
import { t } from "../../i18n/index.js";

export function Event({ id }: { id: string }) {
  return (
    <Page title={t("nav.events")}>
      <p>
        <code>{id}</code>
      </p>
    </Page>
  );
}
