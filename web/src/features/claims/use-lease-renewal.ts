import { useEffect, useEffectEvent } from "react";
import type { Claim } from "@/api/types";

/** A lease is renewed once half of it is over. */
const RENEW_AFTER = 0.5;
const RETRY_MS = 30_000;

/** When to renew next, in milliseconds from `now`; 0 when it is time, undefined when the lease has run out. */
export function renewalDelay({ expires_at }: Claim, leaseMs: number, now: number): number | undefined {
  const end = Date.parse(expires_at);
  if (end <= now) return undefined;
  return Math.max(0, end - leaseMs * (1 - RENEW_AFTER) - now);
}

const isWatched = () => document.visibilityState === "visible" && document.hasFocus();

/**
 * Keeps one's own claim alive while somebody is really there: the tab is visible and has the focus. One timer per
 * renewal, nothing is asked meanwhile; a tab that is left alone lets its lease run out.
 */
export function useLeaseRenewal(claim: Claim | null, mine: boolean, renew: () => void): void {
  const onDue = useEffectEvent(renew);
  const own = mine ? claim : null;
  useEffect(() => {
    if (own === null) return;
    const leaseMs = Date.parse(own.expires_at) - Math.max(Date.parse(own.claimed_at), Date.now());
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      const delay = renewalDelay(own, leaseMs, Date.now());
      if (delay === undefined) return;
      if (delay > 0) timer = setTimeout(look, delay);
      else if (isWatched()) {
        onDue();
        // A refused or lost renewal is tried again; an accepted one brings a new claim and with it a new effect.
        timer = setTimeout(look, RETRY_MS);
      }
    };
    look();
    window.addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [own]);
}
