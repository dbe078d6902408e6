import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReviewRequest } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { focusSection } from "@/shared/focus";

/** What is read of the case here. */
interface Reviewed {
  case_id: string;
  review: ReviewRequest | null;
}

export interface CaseReload {
  isPending: boolean;
  /** Why the case could not be fetched, or null. */
  error: Error | null;
  start: () => void;
}

/**
 * Fetches the case again when the reader asks for it, and calls `adopt` as soon as the page shows what was fetched:
 * what it shows until then may be older. The keyboard goes to the element with the id `asked` when something is asked.
 */
export function useReloadCase({ case_id, review }: Reviewed, asked: string, adopt: () => void): CaseReload {
  const queries = useQueryClient();
  const reload = useMutation({
    mutationFn: async () => {
      const queryKey = keys.case(case_id);
      await queries.refetchQueries({ queryKey, exact: true }, { throwOnError: true });
      return queries.getQueryData<Reviewed>(queryKey)?.review ?? null;
    },
  });
  if (reload.isSuccess && isSameReview(reload.data, review)) {
    reload.reset();
    adopt();
  }
  return {
    isPending: reload.isPending,
    error: reload.error,
    start: () =>
      reload.mutate(undefined, { onSuccess: (now) => focusSection(now === null ? "decision" : asked) }),
  };
}

/** Whether both are the same question about the same assessment, or none. */
export const isSameReview = (one: ReviewRequest | null, other: ReviewRequest | null): boolean =>
  one?.review_id === other?.review_id && one?.assessment_hash === other?.assessment_hash;
