import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { keys } from "./keys";
import { ApiProblem } from "./problem";
import { type KnownSession, lapsing } from "./session";

const RETRIES = 2;

const mayPass = (error: Error): boolean => error instanceof ApiProblem && error.mayPass;

/**
 * Nothing is polled: the event stream says what changed. What is shown counts as fresh for half a minute,
 * so that a tab that was left alone reads again as soon as somebody looks at it.
 *
 * Whichever request is told that nobody is signed in, the whole tab knows it then.
 */
export function createQueryClient(): QueryClient {
  const onError = (error: Error) => {
    if (!(error instanceof ApiProblem) || error.status !== 401) return;
    queries.setQueryData<KnownSession>(
      keys.session,
      (known) => known && lapsing(known, { ...known, identity: null }),
    );
  };
  const queries = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) => failures < RETRIES && mayPass(error),
        // The backend is often on this very machine: whether the internet is reachable says nothing.
        networkMode: "always",
        refetchOnWindowFocus: true,
        refetchOnReconnect: true,
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
  return queries;
}
