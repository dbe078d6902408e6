import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { FeedStore } from "@/features/feed/feed-store";
import { LiveConnection } from "@/shared/live/connection";
import { LiveContext } from "@/shared/live/context";
import { FeedContext } from "./feed-context";
import { LiveCache } from "./live-cache";

const STREAM = "/api/events/stream";

/** Holds the tab's one event stream and hands what it says to the feed and to the cache. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection] = useState(() => new LiveConnection({ url: STREAM }));
  const [feed] = useState(() => new FeedStore());

  useEffect(() => {
    const cache = new LiveCache(queries);
    const unsubscribe = connection.subscribe({
      onMessage: (message) => {
        feed.receive(message);
        cache.receive(message);
      },
      onOpen: () => cache.catchUp(),
    });
    const stopWatching = connection.watchBrowser();
    connection.start();
    return () => {
      stopWatching();
      unsubscribe();
      connection.stop();
    };
  }, [connection, feed, queries]);

  return (
    <LiveContext value={connection}>
      <FeedContext value={feed}>{children}</FeedContext>
    </LiveContext>
  );
}
