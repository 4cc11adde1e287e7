/** Where this role can go. A screen that does not exist has no entry. */
import { Link, useLocation } from "@tanstack/react-router";
import { mayDo } from "../../api/access.js";
import type { Role } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Icon, type IconName } from "../icon.js";
import { keptSearch } from "../../search-parameters.js";
import styles from "./frame.module.css";

interface Entry {
  to: "/" | "/deliveries" | "/recoveries" | "/subscriptions" | "/catalogue" | "/requests" | "/events" | "/account";
  icon: IconName;
  name: () => string;
  shownTo: (role: Role) => boolean;
  /** Ends of addresses that belong to it and do not lie below it. */
  also?: readonly string[];
}

const everybody = (): boolean => true;
const ENTRIES: readonly Entry[] = [
  { to: "/", icon: "overview", name: () => t("nav.overview"), shownTo: everybody },
  { to: "/deliveries", icon: "deliveries", name: () => t("nav.deliveries"), shownTo: everybody },
  { to: "/recoveries", icon: "again", name: () => t("nav.recoveries"), shownTo: everybody },
  { to: "/subscriptions", icon: "subscriptions", name: () => t("nav.subscriptions"), shownTo: everybody },
  {
    to: "/catalogue",
    icon: "catalogue",
    name: () => t("nav.catalogue"),
    shownTo: everybody,
    also: ["/new-event-type", "/import"],
  },
  {
    to: "/requests",
    icon: "requests",
    name: () => t("nav.requests"),
    shownTo: (role) => mayDo(role, "grants:decide") || mayDo(role, "grants:ask") || mayDo(role, "recoveries:release"),
  },
  { to: "/events", icon: "events", name: () => t("nav.events"), shownTo: (role) => mayDo(role, "events:read") },
  { to: "/account", icon: "account", name: () => t("nav.account"), shownTo: everybody },
];

export function Navigation({ role }: { role: Role }) {
  const { pathname } = useLocation();
  return (
    <nav className={styles.nav} aria-label={t("nav.label")}>
      <ul>
        {ENTRIES.filter(({ shownTo }) => shownTo(role)).map(({ to, icon, name, also }) => (
          <li key={to}>
            <Link
              to={to}
              // Every address lies below the first one.
              activeOptions={{ exact: to === "/", includeSearch: false }}
              search={keptSearch}
              {...(also?.some((end) => pathname.endsWith(end)) && { "aria-current": "page" })}
            >
              <Icon name={icon} />
              {name()}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
