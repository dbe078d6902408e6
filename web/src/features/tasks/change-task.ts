import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Task, TaskOrder } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** What somebody does to a task that they have read. */
export type TaskMove =
  { kind: "change"; change: TaskOrder } | { kind: "complete" } | { kind: "reopen" } | { kind: "delete" };

interface NewTask {
  order: TaskOrder;
  /** The same one twice makes one task: a request that was lost can be sent again. */
  key: string;
}

/** Makes a task. */
export function useCreateTask() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async ({ order, key }: NewTask) =>
      bodyOf(await api.POST("/api/tasks", { params: { header: { "idempotency-key": key } }, body: order })),
    onSuccess: refresh,
  });
}

/** Changes a task that is still as it was read; whatever the result, the lists are read again. */
export function useMoveTask() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async ({ task, move }: { task: Task; move: TaskMove }) => {
      const params = { path: { task_id: task.task_id }, header: { "if-match": `"${task.revision}"` } };
      switch (move.kind) {
        case "change":
          return api.PATCH("/api/tasks/{task_id}", { params, body: move.change });
        case "complete":
          return api.POST("/api/tasks/{task_id}/complete", { params });
        case "reopen":
          return api.POST("/api/tasks/{task_id}/reopen", { params });
        case "delete":
          return api.DELETE("/api/tasks/{task_id}", { params });
      }
    },
    onSettled: refresh,
  });
}

function useRefresh() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: keys.tasks });
}
