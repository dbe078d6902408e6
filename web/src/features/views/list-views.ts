import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { parseQueueQuery, type QueueQuery } from "@/shared/queue/query";

/** A query under a name, as its owner keeps it. */
export interface View {
  name: string;
  query: QueueQuery;
  owner: string;
  /** Whether everybody sees it. */
  shared: boolean;
}

async function listViews(signal: AbortSignal): Promise<View[]> {
  const { items } = bodyOf(await api.GET("/api/views", { signal }));
  return items.map(({ name, query, owner, shared }) => ({
    name,
    query: parseQueueQuery({ ...query }),
    owner,
    shared,
  }));
}

/** The saved views of the person who is signed in, and those that others share. */
export const useViews = () =>
  useQuery(queryOptions({ queryKey: keys.views, queryFn: ({ signal }) => listViews(signal) }));
