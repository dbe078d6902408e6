import { VisuallyHidden } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { FeedItem } from "./feed-item";

const PAUSE_MS = 5_000;

/**
 * Announces alerts to screen readers, politely and at most once in five seconds:
 * a live region over the feed itself would never stop talking.
 */
export function FeedAnnouncer({ items }: { items: readonly FeedItem[] }) {
  const [said, setSaid] = useState("");
  const spoken = useRef<string | undefined>(undefined);
  const latest = items.find((item) => item.kind === "alert");
  const key = latest?.key;
  const words = latest && `Alert: ${latest.label}, customer ${latest.customerId ?? "unknown"}.`;

  useEffect(() => {
    if (words === undefined || key === spoken.current) return;
    const timer = setTimeout(() => {
      spoken.current = key;
      setSaid(words);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [key, words]);

  return (
    <VisuallyHidden role="status" aria-live="polite">
      {said}
    </VisuallyHidden>
  );
}
