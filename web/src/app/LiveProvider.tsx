import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { FeedStore } from "@/features/feed/feed-store";
import { keys } from "@/shared/api/keys";
import { useSession } from "@/shared/api/session";
import { LiveConnection } from "@/shared/live/connection";
import { LiveContext } from "@/shared/live/context";
import { FeedContext } from "./feed-context";
import { LiveCache } from "./live-cache";

const STREAM = "/api/events/stream?topics=telemetry,alerts,cases,chat";

/** Opens the tab's one event stream and passes its events to the feed and to the cache. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection] = useState(() => new LiveConnection({ url: STREAM }));
  const [feed] = useState(() => new FeedStore());
  const subject = useSession().data?.identity?.subject;

  useEffect(() => {
    // The stream belongs to a person: it ends with the session, and the next session opens another.
    if (subject === undefined) return;
    const cache = new LiveCache(queries, subject);
    const unsubscribe = connection.subscribe({
      onMessage: (message) => {
        if (message.kind === "service") {
          queries.setQueryData(keys.service, message.data);
          return;
        }
        if (message.kind === "chat") {
          cache.turnChanged(message.data);
          return;
        }
        feed.receive(message);
        cache.receive(message);
      },
      onOpen: () => {
        cache.catchUp();
        // Changes while the stream was closed were not received.
        void queries.invalidateQueries({ queryKey: keys.service });
      },
      // A stream cannot tell why it was refused; the session can tell whether it has ended.
      onRefused: () => void queries.invalidateQueries({ queryKey: keys.session }),
    });
    const stopWatching = connection.watchBrowser();
    connection.start();
    return () => {
      stopWatching();
      unsubscribe();
      cache.stop();
      connection.stop();
    };
  }, [connection, feed, queries, subject]);

  return (
    <LiveContext value={connection}>
      <FeedContext value={feed}>{children}</FeedContext>
    </LiveContext>
  );
}
