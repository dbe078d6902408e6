import type { Claim, CommonCase } from "@/api/types";
import { useNow } from "@/shared/use-now";

/** The claim that runs at this moment; null: nobody works on the case. */
export function useRunningClaim({ claim }: CommonCase): Claim | null {
  const now = useNow();
  return claim !== null && Date.parse(claim.expires_at) > now ? claim : null;
}
