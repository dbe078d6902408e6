import { useEffect, useState } from "react";
import type { Hold } from "@/api/types";

/** When each answer of the server came that says how much is left: its clock counts, not this computer's. */
const cameAt = new WeakMap<Hold, number>();

function cameWith(hold: Hold): number {
  const came = cameAt.get(hold) ?? Date.now();
  cameAt.set(hold, came);
  return came;
}

/**
 * Milliseconds until a hold ends; renders at each whole second of them, and at 0.
 *
 * Right even where this computer's clock is wrong, and after the tab was asleep.
 */
export function useHoldLeft(hold: Hold): number {
  const [now, setNow] = useState(Date.now);
  const came = cameWith(hold);
  const left = Math.max(0, came + hold.seconds_left * 1000 - Math.max(now, came));
  useEffect(() => {
    if (left === 0) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), left % 1000 || 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return left;
}
