/** Trying a filter before it is saved. */
import { compileFilter } from "../activities/filter.js";
import { payloadForFilter } from "../activities/filter-payload.js";
import { ok, type Route, route } from "./route.js";
import { filterTestInput, filterTestView } from "./schemas/filters.js";
import { refuseFilter } from "./subscription-checks.js";

export const filterRoutes: readonly Route[] = [
  route({
    method: "post", path: "/v1/filters/test", operationId: "testFilter", tag: "Subscriptions", act: "subscriptions:write",
    summary: "Try a filter", description: "Evaluates a filter over a payload as a delivery would. Nothing is kept.",
    body: filterTestInput, response: { status: 200, description: "What the filter says", schema: filterTestView }, problems: ["filter_invalid"],
    async handle(_context, { body: { filter, data, type = "example.event", headers = { "content-type": "application/json" } } }) {
      const compiled = compileFilter(filter);
      if (!compiled.ok) return refuseFilter(filter) ?? ok({ matches: null });
      const verdict = compiled.filter({ event: { type, id: "evt_example" }, headers, data: payloadForFilter("application/json", Buffer.from(JSON.stringify(data ?? null))) });
      return ok("failed" in verdict ? { matches: null, failed: verdict.failed } : verdict);
    },
  }),
];
