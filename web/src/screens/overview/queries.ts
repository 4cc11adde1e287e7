/** What the overview asks for, again and again. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas, unlessFirst } from "../../api/client.js";

import type { KeptSearch } from "../../search-parameters.js";

export type OverviewFigures = Schemas["Overview"];

export const OVERVIEW_AGAIN_MS = 15_000;

export const overviewQuery = ({ group, api: apiId }: KeptSearch) =>
  queryOptions({
    queryKey: ["overview", group, apiId],
    queryFn: ({ signal, ...look }) => {
      const query = { ...(group && { groupId: group }), ...(apiId && { apiId }) };
      return ask(api.GET("/v1/overview", { params: { query }, signal, ...unlessFirst(look) }));
    },
    refetchInterval: OVERVIEW_AGAIN_MS,
    placeholderData: keepPreviousData,
  });
