import { infiniteQueryOptions, queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { DeadLetterFilter } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf } from "@/shared/api/newest-first-pages";

const EVERY_MS = 5_000;

/** Telemetry that was not evaluated, the newest first; read again while somebody looks. */
export const useTelemetryDeadLetters = (filter: DeadLetterFilter) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.telemetryDeadLetterList(filter),
      queryFn: async ({ signal, pageParam }) =>
        bodyOf(
          await api.GET("/api/telemetry/dead-letters", {
            params: { query: { ...filter, ...cursorOf(pageParam) } },
            signal,
          }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (page) => page.next_cursor,
      select: ({ pages }) => pages.flatMap((page) => page.items),
      refetchInterval: EVERY_MS,
    }),
  );

/** How much was not evaluated, by source and kind of reason. */
export const useDeadLetterCounts = () =>
  useQuery(
    queryOptions({
      queryKey: keys.telemetryDeadLetterCounts,
      queryFn: async ({ signal }) =>
        bodyOf(await api.GET("/api/telemetry/dead-letters/counts", { signal })).items,
      refetchInterval: EVERY_MS,
    }),
  );
