import { useMutation } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import { api, bodyOf } from "@/shared/api/client";

export type StartBody = components["schemas"]["StartRequest"];

const startCase = async (body: StartBody) => bodyOf(await api.POST("/api/workflow/start", { body }));

/** Opens a case from what a person saw. Saying the same twice opens one case. */
export const useStartCase = () => useMutation({ mutationFn: startCase });
