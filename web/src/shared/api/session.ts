import { queryOptions, useQuery } from "@tanstack/react-query";
import type { Identity, Role } from "@/api/types";
import { actorName } from "@/shared/format/words";
import { api, bodyOf } from "./client";
import { keys } from "./keys";

async function getSession(signal: AbortSignal) {
  return bodyOf(await api.GET("/api/session", { signal }));
}

export const sessionOptions = queryOptions({
  queryKey: keys.session,
  queryFn: ({ signal }) => getSession(signal),
  staleTime: Infinity,
});

/** Who is signed in, and who could be. */
export const useSession = () => useQuery(sessionOptions);

/** Who is signed in; null while nobody is. */
export const useIdentity = (): Identity | null => useSession().data?.identity ?? null;

async function getPeople(signal: AbortSignal) {
  return bodyOf(await api.GET("/api/people", { signal }));
}

export const peopleOptions = queryOptions({
  queryKey: keys.people,
  queryFn: ({ signal }) => getPeople(signal),
  staleTime: 10 * 60_000,
});

/** Everybody who works here, for names and for assigning. */
export function usePeople(): readonly Identity[] {
  const identity = useIdentity();
  return useQuery({ ...peopleOptions, enabled: identity !== null }).data ?? [];
}

/** Who did something, by name where it is a person of this desk. */
export function useActorName(): (actor: string) => string {
  const people = usePeople();
  return (actor) => people.find(({ subject }) => subject === actor)?.name ?? actorName(actor);
}

const RANK: Record<Role, number> = { viewer: 0, analyst: 1, manager: 2, admin: 3 };

/** Whether a person has the role or one above it. The server decides; this only spares a click that it would refuse. */
export const mayActAs = (identity: Identity | null, role: Role): boolean =>
  identity?.roles.some((held) => RANK[held] >= RANK[role]) ?? false;
