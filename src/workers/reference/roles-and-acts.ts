/** Roles and acts: the table that every request is checked against, and the calls that each act allows. */
import { type Act, ACTS } from "../../api/access/access.js";
import { servedRoutes } from "../../api/index.js";
import type { ApiRoute } from "../../api/route.js";
import type { Role } from "../../store/model.js";
import { code, markdownTable } from "./markdown.js";

const ROLES = ["admin", "provider", "consumer", "operator", "auditor"] as const satisfies readonly Role[];

/** Which role has which act. `yes` when the role may do it. */
export function actsTable(): string {
  const acts = Object.entries(ACTS) as [Act, readonly Role[]][];
  return markdownTable(
    ["act", ...ROLES],
    acts.map(([act, roles]) => [code(act), ...ROLES.map((role) => (roles.includes(role) ? "yes" : ""))]),
  );
}

const callOf = ({ method, path }: ApiRoute): string => code(`${method.toUpperCase()} ${path}`);

/** The calls of the API that need each act. */
export function callsTable(): string {
  const routes = servedRoutes().filter((route) => !("hidden" in route && route.hidden));
  const rows = (Object.keys(ACTS) as Act[]).map((act) => [
    code(act),
    routes
      .filter((route) => route.act === act)
      .map(callOf)
      .join(", "),
  ]);
  return markdownTable(
    ["act", "calls"],
    rows.filter(([, calls]) => calls !== ""),
  );
}

/** The calls that need neither a key nor a session. */
export function publicCallsTable(): string {
  const routes = servedRoutes().filter((route) => route.act === "public" && !("hidden" in route && route.hidden));
  return markdownTable(
    ["call", "what it gives"],
    routes.map((route) => [callOf(route), route.summary]),
  );
}
