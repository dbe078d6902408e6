import { queryOptions, useQuery } from "@tanstack/react-query";
import { actorName } from "@/shared/format/words";
import { api, bodyOf } from "./client";
import { keys } from "./keys";

async function getConfig(signal: AbortSignal) {
  return bodyOf(await api.GET("/api/config", { signal }));
}

export const configOptions = queryOptions({
  queryKey: keys.config,
  queryFn: ({ signal }) => getConfig(signal),
  staleTime: 10 * 60_000,
});

/** What this installation is: its model, its thresholds, who is signed in. */
export const useConfig = () => useQuery(configOptions);

/** Who did something, by name where it is the one who is signed in. */
export function useActorName(): (actor: string) => string {
  const identity = useConfig().data?.identity;
  return (actor) => (actor === identity?.subject ? identity.name : actorName(actor));
}
