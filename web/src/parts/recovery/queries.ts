/** Recoveries as the API has them, kept fresh while one of them is open. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND } from "../../api/client.js";
import type { ExportFormat } from "../rows/export-menu.js";
import { isOpen, type RecoveryStatus } from "./model.js";

const LIVE_MS = 2_000;
/** While the stream tells of changes, or while nothing is under way. */
const CALM_MS = 15_000;
const PAGE_ROWS = 50;

export const recoveryQuery = (id: string, streaming = false) =>
  queryOptions({
    queryKey: ["recoveries", "one", id],
    queryFn: ({ signal }) =>
      ask(api.GET("/v1/recoveries/{id}", { params: { path: { id } }, headers: BACKGROUND, signal })),
    refetchInterval: ({ state: { data } }) => (data && !isOpen(data) ? false : streaming ? CALM_MS : LIVE_MS),
  });

/** Who did what with it. A change of its status is an act of somebody, or its end. */
export const recoveryActsQuery = (id: string, status: RecoveryStatus) =>
  queryOptions({
    queryKey: ["recovery-acts", id, status],
    queryFn: ({ signal }) => ask(api.GET("/v1/recoveries/{id}/acts", { params: { path: { id } }, signal })),
    placeholderData: keepPreviousData,
    // An act is on record only after it was answered, so that what is kept may lack it.
    staleTime: 0,
  });

interface RecoveriesFilter {
  status?: RecoveryStatus;
  api?: string;
  cursor?: string;
}

const listFilterOf = ({ status, api: apiId }: RecoveriesFilter) => ({
  ...(status && { status }),
  ...(apiId && { apiId }),
});

export const recoveryCountQuery = (filter: RecoveriesFilter) => {
  const query = listFilterOf(filter);
  return queryOptions({
    queryKey: ["recoveries-count", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/recoveries/count", { params: { query }, headers: BACKGROUND, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: CALM_MS,
  });
};

/** Where the file of what is filtered is. */
export const recoveryExportAddress = (filter: RecoveriesFilter, format: ExportFormat): string =>
  `/v1/recoveries/export?${new URLSearchParams({ format, ...listFilterOf(filter) }).toString()}`;

export function recoveriesQuery(filter: RecoveriesFilter, streaming = false) {
  const query = { limit: PAGE_ROWS, ...listFilterOf(filter), ...(filter.cursor && { cursor: filter.cursor }) };
  return queryOptions({
    queryKey: ["recoveries", "page", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/recoveries", { params: { query }, headers: BACKGROUND, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => (data?.data.some(isOpen) && !streaming ? LIVE_MS : CALM_MS),
  });
}
