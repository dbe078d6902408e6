import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schedule } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const EVERY_HALF_MINUTE_MS = 30_000;

/** What is done at fixed times. Nothing tells of a run, so it is asked again. */
export const useSchedules = () =>
  useQuery(
    queryOptions({
      queryKey: keys.schedules,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/schedules", { signal })),
      refetchInterval: EVERY_HALF_MINUTE_MS,
    }),
  );

function useScheduleChange(change: (scheduleId: string) => Promise<Schedule>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: keys.schedules }),
        queries.invalidateQueries({ queryKey: keys.deskLog }),
        queries.invalidateQueries({ queryKey: ["conversation"] }),
      ]),
  });
}

const at = (scheduleId: string) => ({ params: { path: { schedule_id: scheduleId } } });

/** Nothing is due until it is resumed. */
export const usePauseSchedule = () =>
  useScheduleChange(async (id) => bodyOf(await api.POST("/api/schedules/{schedule_id}/pause", at(id))));

/** It runs again, from the next midnight on. */
export const useResumeSchedule = () =>
  useScheduleChange(async (id) => bodyOf(await api.POST("/api/schedules/{schedule_id}/resume", at(id))));

/** Does now what it does at midnight. */
export const useTriggerSchedule = () =>
  useScheduleChange(async (id) => bodyOf(await api.POST("/api/schedules/{schedule_id}/trigger", at(id))));
