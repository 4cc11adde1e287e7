/**
 * What the pages offer to whom. It mirrors src/api/access/access.ts, so that nobody is offered what the API would
 * refuse. The API decides.
 */
import type { Role } from "./queries.js";

const RUNNING: readonly Role[] = ["admin", "provider", "consumer", "operator"];
const PARTIES: readonly Role[] = ["admin", "provider", "consumer"];
const PROVIDING: readonly Role[] = ["admin", "provider"];
const OFFERS = {
  "catalogue:write": PROVIDING,
  "subscriptions:write": PARTIES,
  "subscriptions:run": RUNNING,
  "subscriptions:decide": PROVIDING,
  "grants:ask": ["admin", "consumer"],
  "grants:decide": PROVIDING,
  "audit:read": ["admin", "auditor"],
  "events:publish": PROVIDING,
  "events:expunge": PROVIDING,
  "events:read": ["admin", "provider", "operator", "auditor"],
  "deliveries:write": RUNNING,
  "recoveries:write": RUNNING,
  "recoveries:release": ["admin", "operator"],
  "temporal:use": ["admin", "operator"],
} as const satisfies Record<string, readonly Role[]>;

/** Whether this role is offered the act. */
export const mayDo = (role: Role, act: keyof typeof OFFERS): boolean => (OFFERS[act] as readonly Role[]).includes(role);
