/** The keys, and where more is written. */
import { mayDo } from "../../api/access.js";
import type { Role } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { switchKeys, useKeysOn } from "../../keys/keys.js";
import { Dialog } from "../dialog.js";

const KEYS = [
  ["/", () => t("help.key.search")],
  ["j", () => t("help.key.next")],
  ["k", () => t("help.key.previous")],
  ["Enter", () => t("help.key.open")],
  ["r", () => t("help.key.resend")],
  ["e", () => t("help.key.copy")],
  ["?", () => t("help.key.list")],
  ["Esc", () => t("help.key.back")],
] as const;

/** The switch of the keys. It stands in the account too. */
export function KeysSwitch() {
  const on = useKeysOn();
  return (
    <label className="row">
      <input type="checkbox" checked={on} onChange={({ target }) => switchKeys(target.checked)} />
      {t("account.keysOn")}
    </label>
  );
}

export function HelpDialog({ role, close }: { role: Role; close: () => void }) {
  return (
    <Dialog title={t("help.title")} close={close}>
      <h3>{t("help.keys")}</h3>
      <dl className="facts">
        {KEYS.map(([key, meaning]) => (
          <div key={key} style={{ display: "contents" }}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning()}</dd>
          </div>
        ))}
      </dl>
      <KeysSwitch />
      <h3>{t("help.links")}</h3>
      <ul>
        <li>
          <a href="/docs">{t("help.documentation")}</a>
        </li>
        <li>
          <a href="/problems">{t("help.problems")}</a>
        </li>
        <li>
          <a href="/health/ready">{t("help.ready")}</a>
        </li>
        {mayDo(role, "temporal:use") && (
          <li>
            <a href="/temporal/">{t("help.temporal")}</a>
          </li>
        )}
      </ul>
    </Dialog>
  );
}
