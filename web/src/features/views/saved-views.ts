import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { formatNumber } from "@/shared/format/numbers";
import { type QueueQuery, parseQueueQuery, toApiQuery } from "@/shared/queue/query";

/** A query under a name, as its owner keeps it. */
export interface View {
  name: string;
  query: QueueQuery;
}

async function listViews(signal: AbortSignal): Promise<View[]> {
  const { items } = bodyOf(await api.GET("/api/views", { signal }));
  return items.map(({ name, query }) => ({ name, query: parseQueueQuery({ ...query }) }));
}

/** The views that whoever is signed in has saved. */
export const useViews = () =>
  useQuery(queryOptions({ queryKey: keys.views, queryFn: ({ signal }) => listViews(signal) }));

const COUNTED = 50;

/** How many cases a query finds, as words: the server does not count long lists that no index counts. */
async function countCases(query: QueueQuery, signal: AbortSignal): Promise<string> {
  const asked = { ...toApiQuery(query), limit: COUNTED };
  const { total, items, next_cursor } = bodyOf(
    await api.GET("/api/cases", { params: { query: asked }, signal }),
  );
  if (total !== null) return formatNumber(total);
  return next_cursor === null ? formatNumber(items.length) : `${COUNTED}+`;
}

export const viewCountOptions = (query: QueueQuery) =>
  queryOptions({
    queryKey: keys.viewCount(query),
    queryFn: ({ signal }) => countCases(query, signal),
  });

async function getCounts(signal: AbortSignal) {
  return bodyOf(await api.GET("/api/cases/counts", { signal }));
}

/** How many cases wait, for the views that everybody has. */
export const useQueueCounts = () =>
  useQuery(queryOptions({ queryKey: keys.caseCounts, queryFn: ({ signal }) => getCounts(signal) }));

const save = ({ name, query }: View) =>
  api.PUT("/api/views/{name}", { params: { path: { name } }, body: { query: toApiQuery(query) } });

const remove = (name: string) => api.DELETE("/api/views/{name}", { params: { path: { name } } });

async function rename({ view, name }: { view: View; name: string }) {
  await save({ name, query: view.query });
  if (name !== view.name) await remove(view.name);
}

/** Saving, renaming and deleting views; each reads them again. */
export function useViewChanges() {
  const queries = useQueryClient();
  const onSettled = () => queries.invalidateQueries({ queryKey: keys.views });
  return {
    save: useMutation({ mutationFn: save, onSettled }),
    rename: useMutation({ mutationFn: rename, onSettled }),
    remove: useMutation({ mutationFn: remove, onSettled }),
  };
}
