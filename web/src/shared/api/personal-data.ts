import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useLayoutEffect, useSyncExternalStore } from "react";
import { keys } from "./keys";
import { isRevealed, pathsOf, type Revealable, setRevealed, revealed, subscribe } from "./revealed";
import { useSession } from "./session";

const first = ([part]: readonly unknown[]) => part;
const OF_CASES = new Set<unknown>(
  [keys.case(""), keys.evidence("", ""), keys.alertDrawings("", "")].map(first),
);
const OF_CONVERSATIONS = new Set<unknown>([first(keys.conversation(""))]);

const isAbout =
  ({ caseId, userId }: Revealable) =>
  ({ queryKey: [what, id] }: { queryKey: readonly unknown[] }): boolean =>
    (OF_CASES.has(what) && id === caseId) || (OF_CONVERSATIONS.has(what) && id === userId);

/** Nothing of what was shown stays, neither on screen nor in memory; what is on its way is not taken any more. */
async function forget(queries: QueryClient, predicate: ReturnType<typeof isAbout>): Promise<void> {
  const cancelled = queries.cancelQueries({ predicate });
  const read = queries.resetQueries({ predicate });
  await cancelled;
  await read;
}

/** Nobody is shown anything any more: before somebody else is signed in. */
export function maskEverything(queries: QueryClient): void {
  if (revealed().length === 0) return;
  setRevealed([]);
  void forget(queries, ({ queryKey: [what] }) => OF_CASES.has(what) || OF_CONVERSATIONS.has(what));
}

/**
 * Whether personal data of this case or conversation is shown in this tab, and how to change that. Leaving the page,
 * and the end of the session, end it.
 */
export function usePersonalData(of: Revealable): { isShown: boolean; show: () => void; mask: () => void } {
  const queries = useQueryClient();
  const subject = useSession().data?.identity?.subject;
  const { caseId, userId } = of;
  const isShown = useSyncExternalStore(subscribe, () => isRevealed({ caseId, userId }));
  const mask = useCallback(() => {
    if (!isRevealed({ caseId, userId })) return;
    const paths = pathsOf({ caseId, userId });
    setRevealed(revealed().filter((path) => !paths.includes(path)));
    void forget(queries, isAbout({ caseId, userId }));
  }, [queries, caseId, userId]);
  const show = useCallback(() => {
    setRevealed([...revealed(), ...pathsOf({ caseId, userId })]);
    void queries.invalidateQueries({ predicate: isAbout({ caseId, userId }) });
  }, [queries, caseId, userId]);
  // Before the next person sees anything.
  useLayoutEffect(() => mask, [mask, subject]);
  return { isShown, show, mask };
}
