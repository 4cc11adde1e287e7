/** How much a recovery's filter names, before anything is sent. */
import { findMissing } from "../../catalogue/recovery/missing.js";
import { recoveryFilterOf } from "../../catalogue/recovery/recovery-filter.js";
import type { DeliverySummary } from "../../store/store.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { RequestContext } from "../route.js";
import type { CheckedFilter } from "./recovery-filter.js";

export type CountContext = RequestContext<"store" | "catalogue" | "settings">;

/** What is told apart by status and subscription. Beyond it deliveries are only counted. */
const MOST_TOLD_APART = 100_000;
/** Looking for what is missing reads events, and payloads where there is a filter. It ends at one of these. */
const MOST_MISSING = 10_000;
const LOOK_FOR_MS = 5_000;

/** How many the filter names, told apart. Refuses more than one recovery may have. */
export async function countNamed(
  { dependencies }: CountContext,
  filter: CheckedFilter["filter"],
  until: number,
): Promise<DeliverySummary | Refusal> {
  if (filter.mode === "missing") return countMissing(dependencies, filter, until);
  const { store, settings } = dependencies;
  const most = settings.recoveryMost;
  const asked = recoveryFilterOf({ ...filter, until });
  const summary = await store.deliveries.summary(asked, Math.min(MOST_TOLD_APART, most));
  if (summary.exact) return summary;
  const counted = await store.deliveries.count(asked, most);
  if (counted.exact) return { ...summary, ...counted };
  const number = new Intl.NumberFormat("en").format(most);
  return refuse("recovery_too_wide", `More than ${number} deliveries match.`);
}

async function countMissing(
  dependencies: CountContext["dependencies"],
  { subscriptionId = "", eventType, since }: CheckedFilter["filter"],
  until: number,
): Promise<DeliverySummary> {
  const { events, cursor } = await findMissing(
    dependencies,
    { subscriptionId, since: new Date(since), until: new Date(until), ...(eventType !== undefined && { eventType }) },
    { order: "asc", most: MOST_MISSING + 1, forMs: LOOK_FOR_MS },
  );
  const [oldest, newest] = [events.at(0), events.at(-1)];
  const count = Math.min(events.length, MOST_MISSING);
  const exact = cursor === undefined && events.length <= MOST_MISSING;
  return {
    count,
    exact,
    byStatus: {},
    bySubscription: new Map(count > 0 ? [[subscriptionId, count]] : []),
    ...(oldest && { oldest: oldest.acceptedAt }),
    ...(newest && exact && { newest: newest.acceptedAt }),
  };
}
