/** Limits on what sends requests or starts work on behalf of a group, shared by all processes. */
import type { Logger } from "pino";
import type { Limit, LimitStore } from "../../store/collections/limits.js";
import type { Actor } from "./actor.js";
import type { AuditTally } from "./audit-tally.js";
import { refuse, type Refusal } from "../http/errors.js";
import { MINUTE_MS } from "../../workflows/durations.js";

/** `audit`: checks of its chain. */
export type LimitName = "verify" | "test" | "drafts" | "recoveries" | "previews" | LimitOfOne;
/** Most of each within a minute. */
export type LimitSettings = Readonly<Record<Exclude<LimitName, "previews" | LimitOfOne>, number>>;
/** Limits on one person, or one key. */
type LimitOfOne = "targets" | "payloads" | "audit";

export interface Limits {
  /**
   * Counts one act before its work. Undefined when the act may go on. A refusal is counted, and one audit entry a
   * minute says how many there were.
   * @throws StoreError `unavailable` when it cannot be counted. The act is not done then
   */
  refuse(
    actor: Pick<Actor, "name">,
    name: LimitName,
    of: { group: string | undefined; host?: string },
  ): Promise<Refusal | undefined>;
}

export interface LimitsDependencies {
  limits: LimitStore;
  settings: LimitSettings;
  auditTally: AuditTally;
  /** Counts a refusal for the metrics. */
  refused: (name: LimitName) => void;
  log: Pick<Logger, "error">;
}

/**
 * One group may call several hosts, and several groups may use one host. So each of them gets this many times the limit
 * of the pair.
 */
const TOGETHER = 4;
/** A preview only counts deliveries. People should look at some filters before they start a recovery. */
const PREVIEWS_FOR_ONE = 10;
/** Looks at an endpoint while somebody describes it. */
const CHECKS_FOR_ONE = 5;
/** Payloads that are compared with a schema while somebody reads deliveries. Each may take 0.25 s of the one thread. */
const PAYLOADS_FOR_ONE = 120;
/** Checks of the audit. Each reads and recomputes every entry. */
const AUDITS_FOR_ONE = 5;

export function createLimits({ limits, settings, auditTally, refused, log }: LimitsDependencies): Limits {
  return {
    async refuse(actor, name, { group = "several", host }) {
      const taking = await limits.take(
        isOfOne(name) ? limitsOfOne(actor, name, host) : limitsOf(settings, name, group, host),
      );
      if (taking.ok) return undefined;
      refused(name);
      auditTally
        .record({ actor: actor.name, action: "limit.refuse", subject: `${name}:${group}`, counts: {} })
        .catch((error: unknown) => log.error({ err: error, limit: name }, "refusals of a limit are not on record"));
      const whose = isOfOne(name)
        ? "one person"
        : group === "several"
          ? "several groups at once"
          : `the group ${group}`;
      return refuse("rate_limited", `Too many of this kind (${name}) for ${whose} within a minute.`, {
        retryAfterSeconds: taking.retryAfterMs / 1_000,
      });
    },
  };
}

const isOfOne = (name: LimitName): name is LimitOfOne => name === "targets" || name === "payloads" || name === "audit";

/**
 * A check of a target calls an address that need not belong to any subscription. So it is limited for the person, and
 * for the host over all of them.
 */
function limitsOfOne({ name }: Pick<Actor, "name">, limit: LimitOfOne, host = ""): Limit[] {
  if (limit === "payloads") return [{ key: `payloads/${name}`, most: PAYLOADS_FOR_ONE, windowMs: MINUTE_MS }];
  if (limit === "audit") return [{ key: `audit/${name}`, most: AUDITS_FOR_ONE, windowMs: MINUTE_MS }];
  return [
    { key: `targets/${name}`, most: CHECKS_FOR_ONE, windowMs: MINUTE_MS },
    { key: `targets/*/${host}`, most: CHECKS_FOR_ONE * TOGETHER, windowMs: MINUTE_MS },
  ];
}

/** The narrowest first. */
function limitsOf(
  settings: LimitSettings,
  name: Exclude<LimitName, LimitOfOne>,
  group: string,
  host: string | undefined,
): Limit[] {
  const most = name === "previews" ? settings.recoveries * PREVIEWS_FOR_ONE : settings[name];
  if (host === undefined) return [{ key: `${name}/${group}`, most, windowMs: MINUTE_MS }];
  return [
    { key: `${name}/${group}/${host}`, most, windowMs: MINUTE_MS },
    { key: `${name}/${group}/*`, most: most * TOGETHER, windowMs: MINUTE_MS },
    { key: `${name}/*/${host}`, most: most * TOGETHER, windowMs: MINUTE_MS },
  ];
}
