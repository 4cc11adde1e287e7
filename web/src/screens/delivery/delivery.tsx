/** One delivery: why it came to what it came to, and what to do. */
import { Page } from "../../parts/page.js";
import { t } from "../../i18n/index.js";

export function Delivery({ id }: { id: string }) {
  return (
    <Page title={t("nav.deliveries")}>
      <p>
        <code>{id}</code>
      </p>
    </Page>
  );
}
