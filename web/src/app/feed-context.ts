import { createContext, use } from "react";
import type { FeedStore } from "@/features/feed/feed-store";

export const FeedContext = createContext<FeedStore | null>(null);

/** The feed of this tab; it continues while other pages are open. */
export function useFeed(): FeedStore {
  const feed = use(FeedContext);
  if (feed === null) throw new Error("useFeed needs a FeedContext above it.");
  return feed;
}
