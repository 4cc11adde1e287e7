/** Names of endpoints and groups, for ids. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { groupsQuery, subscriptionQuery, subscriptionsQuery } from "../api/queries.js";

interface Named {
  name?: string | undefined;
  url: string;
}

/** The name of an endpoint, else its host. */
export function endpointName({ name, url }: Named): string {
  if (name) return name;
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

export interface Names {
  endpoint: (subscriptionId: string) => string;
  group: (groupId: string) => string;
}

/** For these endpoints. Those that the first page of subscriptions does not hold are read one by one. */
export function useNames(subscriptionIds: readonly string[]): Names {
  const { data: subscriptions, isSuccess } = useQuery(subscriptionsQuery);
  const { data: groups } = useQuery(groupsQuery);
  const known = new Map(subscriptions?.data.map((each) => [each.id, endpointName(each)]));
  const missing = isSuccess ? [...new Set(subscriptionIds)].filter((id) => !known.has(id)) : [];
  const singles = useQueries({ queries: missing.map((id) => subscriptionQuery(id)) });
  singles.forEach(({ data }, index) => {
    const id = missing[index];
    if (data && id !== undefined) known.set(id, endpointName(data));
  });
  const groupNames = new Map(groups?.data.map(({ id, name }) => [id, name]));
  return { endpoint: (id) => known.get(id) ?? id, group: (id) => groupNames.get(id) ?? id };
}
