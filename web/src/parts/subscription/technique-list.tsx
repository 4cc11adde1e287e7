/** The techniques of a subscription, each a drawing with its name. */
import { t } from "../../i18n/index.js";
import { Icon, type IconName } from "../icon.js";
import type { Subscription } from "./model.js";
import styles from "./subscription.module.css";
import { type Technique, techniquesOf } from "./techniques.js";

const ICONS: Record<Technique, IconName> = {
  v1: "shield",
  v1a: "shield",
  rfc9421: "shield",
  mtls: "lock",
  basic: "key",
  api_key: "key",
  oauth2: "key",
  headers: "key",
};

export function TechniqueList({ subscription }: { subscription: Subscription }) {
  return (
    <ul className={styles.techniques}>
      {techniquesOf(subscription).map((technique) => (
        <li key={technique}>
          <Icon name={ICONS[technique]} />
          {t(`technique.${technique}`)}
        </li>
      ))}
    </ul>
  );
}
