import {
  type InvalidateOptions,
  type InvalidateQueryFilters,
  MutationCache,
  type Query,
  QueryCache,
  QueryClient,
} from "@tanstack/react-query";
import { keys } from "./keys";
import { ApiProblem } from "./problem";
import { type KnownSession, lapsing } from "./session";

const RETRIES = 2;

/** As the library waits, and never less than the server asks for. */
export function retryDelay(failures: number, error: Error): number {
  const usual = Math.min(1_000 * 2 ** failures, 30_000);
  const asked = error instanceof ApiProblem ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(usual, asked);
}

const mayPass = (error: Error): boolean => error instanceof ApiProblem && error.mayPass;

/**
 * Invalidates first readings too. The library lets a first reading that is on its way stand, although it may have been
 * answered before the change. Here it is read once more as soon as it is done: once however many changes come, so that
 * a burst of them keeps nobody waiting for the first answer.
 */
class InvalidatingClient extends QueryClient {
  readonly #readAgain = new Set<Query>();

  override async invalidateQueries(
    filters?: InvalidateQueryFilters,
    options?: InvalidateOptions,
  ): Promise<void> {
    const firstReadings = this.getQueryCache()
      .findAll({ ...filters, fetchStatus: "fetching" })
      .filter((query) => query.state.data === undefined && !this.#readAgain.has(query));
    for (const query of firstReadings) {
      this.#readAgain.add(query);
      query
        .fetch()
        .then(() =>
          super.invalidateQueries(
            { queryKey: query.queryKey, exact: true, refetchType: filters?.refetchType ?? "active" },
            options,
          ),
        )
        .catch(() => undefined) // it shows its own error
        .finally(() => this.#readAgain.delete(query));
    }
    await super.invalidateQueries(filters, options);
  }
}

/**
 * Nothing is polled: the event stream sends changes. Shown data counts as fresh for half a minute,
 * so that a tab that was left alone reads again as soon as somebody looks at it.
 *
 * A 401 of any request signs the whole tab out.
 */
export function createQueryClient(): QueryClient {
  const onError = (error: Error) => {
    if (!(error instanceof ApiProblem) || error.status !== 401) return;
    queries.setQueryData<KnownSession>(
      keys.session,
      (known) => known && lapsing(known, { ...known, identity: null }),
    );
  };
  const queries = new InvalidatingClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) => failures < RETRIES && mayPass(error),
        retryDelay,
        // The backend is often on the same machine: whether the internet is reachable does not matter.
        networkMode: "always",
        refetchOnWindowFocus: true,
        refetchOnReconnect: true,
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
  return queries;
}
