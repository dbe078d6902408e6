import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import type { Identity, Role, Session } from "@/api/types";
import { actorName } from "@/shared/format/labels";
import { api, bodyOf } from "./client";
import { keys } from "./keys";

/** Who is signed in, as the page knows it. */
export interface KnownSession extends Session {
  /** Who was signed in until the session expired: the page stays theirs until they sign in again. */
  lapsed?: Identity | null;
}

/** What `fresh` means for a page that knew `known`: a session that has ended keeps its name. */
export const lapsing = (known: KnownSession | undefined, fresh: Session): KnownSession =>
  fresh.identity === null ? { ...fresh, lapsed: known?.identity ?? known?.lapsed ?? null } : fresh;

async function getSession({ client, signal }: { client: QueryClient; signal: AbortSignal }) {
  const fresh = bodyOf(await api.GET("/api/session", { signal }));
  return lapsing(client.getQueryData<KnownSession>(keys.session), fresh);
}

export const sessionOptions = queryOptions({
  queryKey: keys.session,
  queryFn: getSession,
  staleTime: Infinity,
});

/** Who is signed in, and who could be. */
export const useSession = () => useQuery(sessionOptions);

/** Whose page this is; null while nobody is signed in. */
export function useIdentity(): Identity | null {
  const session = useSession().data;
  return session?.identity ?? session?.lapsed ?? null;
}

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

/** Who did something, by name where it is a known person. */
export function useActorName(): (actor: string) => string {
  const people = usePeople();
  return (actor) => people.find(({ subject }) => subject === actor)?.name ?? actorName(actor);
}

const RANK: Record<Role, number> = { viewer: 0, analyst: 1, manager: 2, admin: 3 };

/** Whether a person has the role or one above it. The server decides; this only spares a click that it would refuse. */
export const mayActAs = (identity: Identity | null, role: Role): boolean =>
  identity?.roles.some((held) => RANK[held] >= RANK[role]) ?? false;
