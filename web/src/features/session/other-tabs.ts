import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { keys } from "@/shared/api/keys";
import type { KnownSession } from "@/shared/api/session";
import { PUBLIC_QUERIES } from "./public-queries";

export const SESSION_CHANNEL = "casewright-session";

/** One for the whole tab: it does not hear what it says itself. */
const channel = new BroadcastChannel(SESSION_CHANNEL);

/** Whose page this is, or was until the session ended. */
function holderOf(queries: QueryClient): string | undefined {
  const known = queries.getQueryData<KnownSession>(keys.session);
  return (known?.identity ?? known?.lapsed)?.subject;
}

/** Tells the other tabs of this browser that somebody signed in: they share the session. */
export function tellOtherTabs(): void {
  channel.postMessage("signed-in");
}

/**
 * Goes on under the session with which another tab signed in. What is on screen stays if it is the same person; what
 * somebody else typed is not theirs.
 */
export function useSignInElsewhere(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const goOn = async () => {
      const before = holderOf(queries);
      await queries.refetchQueries({ queryKey: keys.session });
      const now = holderOf(queries);
      if (before !== undefined && now !== undefined && before !== now) {
        window.location.reload();
        return;
      }
      await queries.invalidateQueries({ predicate: ({ queryKey }) => !PUBLIC_QUERIES.has(queryKey[0]) });
    };
    const listener = () => void goOn();
    channel.addEventListener("message", listener);
    return () => channel.removeEventListener("message", listener);
  }, [queries]);
}
