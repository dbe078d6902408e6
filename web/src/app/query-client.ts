import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "@/shared/api/problem";

const RETRIES = 2;

const mayPass = (error: Error): boolean => error instanceof ApiProblem && error.mayPass;

/**
 * Nothing is polled: the event stream says what changed. What is shown counts as fresh for half a minute,
 * so that a tab that was left alone reads again as soon as somebody looks at it.
 */
export const createQueryClient = (): QueryClient =>
  new QueryClient({
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
