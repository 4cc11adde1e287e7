/** What the subscriptions' filters say about the events of a dispatch. Without a filter nothing is looked at. */
import { LRUCache } from "lru-cache";
import { TEST_EVENT_TYPE } from "../catalogue/routes.js";
import { compileFilter, type Filter, type FilterInput, type Verdict } from "../catalogue/filter.js";
import { filterInputOf } from "../catalogue/filter-payload.js";
import type { EventBytes } from "./attempt.js";
import type { Route } from "./first-attempts.js";
import { OUTCOMES } from "../endpoint/outcomes.js";

/** Some 20 KB each. */
const MAX_COMPILED = 2_000;
/** By their text. A filter that does not compile any more, as after an update of the library, fails. */
const compiled = new LRUCache<string, Filter>({ max: MAX_COMPILED });

/**
 * The routes with each filter's word. A payload is read once for all of an event's subscriptions, and only when one has
 * a filter.
 */
export function filterRoutes(routes: Route[]): Route[] {
  if (!routes.some(({ subscription }) => subscription.filter !== undefined)) return routes;
  let input: FilterInput | undefined;
  let of: EventBytes | undefined;
  return routes.map((route) => {
    const {
      event,
      subscription: { filter },
    } = route;
    if (filter === undefined || event.type === TEST_EVENT_TYPE) return route;
    // Routes come event by event.
    if (!input || of !== event) [input, of] = [filterInputOf(event), event];
    return marked(route, filterOf(filter)(input));
  });
}

function marked(route: Route, verdict: Verdict): Route {
  if ("failed" in verdict)
    return {
      ...route,
      filtered: { failed: `${OUTCOMES.filter_failed.explanation} (filter_failed: ${verdict.failed})` },
    };
  return verdict.matches ? route : { ...route, filtered: "excluded" };
}

function filterOf(text: string): Filter {
  const known = compiled.get(text);
  if (known) return known;
  const result = compileFilter(text);
  const filter: Filter = result.ok ? result.filter : () => ({ failed: "filter_invalid" });
  compiled.set(text, filter);
  return filter;
}
