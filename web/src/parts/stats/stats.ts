/** Figures over time, as the charts of several screens ask for them. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND, type Schemas } from "../../api/client.js";

export const STATS_WINDOWS = ["1h", "24h", "7d", "30d"] as const;
export type StatsWindow = (typeof STATS_WINDOWS)[number];

/** At most 200 points, so that a line is a line. */
const INTERVALS = { "1h": "1m", "24h": "15m", "7d": "1h", "30d": "6h" } as const satisfies Record<StatsWindow, string>;
const STATS_AGAIN_MS = 15_000;

export interface StatsOrder {
  metric: Schemas["Stats"]["metric"];
  groupBy?: NonNullable<Schemas["Stats"]["groupBy"]>;
  subscriptionId?: string;
  groupId?: string | undefined;
  apiId?: string | undefined;
}

export const statsQuery = ({ metric, groupBy, subscriptionId, groupId, apiId }: StatsOrder, window: StatsWindow) => {
  const query = {
    metric,
    ...(groupBy && { groupBy }),
    ...(subscriptionId !== undefined && { subscriptionId }),
    ...(groupId !== undefined && { groupId }),
    ...(apiId !== undefined && { apiId }),
    interval: INTERVALS[window],
    since: `-${window}`,
  };
  return queryOptions({
    queryKey: ["stats", query],
    queryFn: ({ signal, client, queryKey }) => {
      // Only the first look is the person's own.
      const isKnown = client.getQueryData(queryKey) !== undefined;
      return ask(api.GET("/v1/stats", { params: { query }, signal, ...(isKnown && { headers: BACKGROUND }) }));
    },
    refetchInterval: STATS_AGAIN_MS,
    placeholderData: keepPreviousData,
  });
};
