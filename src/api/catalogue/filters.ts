/** Trying a filter before it is saved. */
import { compileFilter } from "../../catalogue/filter.js";
import { payloadForFilter } from "../../catalogue/filter-payload.js";
import { seesEventType } from "../access/access.js";
import { refuse } from "../http/errors.js";
import { filterWarnings } from "./filter-warnings.js";
import { ok, type ApiRoute, route, type RequestContext } from "../route.js";
import { filterTestInput, filterTestView } from "./filter-schemas.js";
import { refuseFilter } from "../subscriptions/checks.js";

export const filterApiRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/filters/test",
    operationId: "testFilter",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Try a filter",
    description:
      "Evaluates a filter over a payload as a delivery would. Nothing is kept. With `type` the " +
      "names in the filter are compared with the schema and examples of that event type.",
    body: filterTestInput,
    response: { status: 200, description: "What the filter says", schema: filterTestView },
    problems: ["filter_invalid"],
    async handle(
      { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
      { body: { filter, data, type = "example.event", headers = { "content-type": "application/json" } } },
    ) {
      const refusal = refuseFilter(filter);
      const compiled = compileFilter(filter);
      if (refusal || !compiled.ok) return refusal ?? refuse("filter_invalid");
      const verdict = compiled.filter({
        event: { type, id: "evt_example" },
        headers,
        data: payloadForFilter("application/json", Buffer.from(JSON.stringify(data ?? null))),
      });
      const warnings = seesEventType(actor, catalogue, type) ? filterWarnings(catalogue, filter, [type]) : [];
      return ok({
        ...("failed" in verdict ? { matches: null, failed: verdict.failed } : verdict),
        ...(warnings.length > 0 && { warnings }),
      });
    },
  }),
];
