import { createContext, use, useSyncExternalStore } from "react";
import type { LiveConnection, LiveStatus } from "./connection";

export const LiveContext = createContext<LiveConnection | null>(null);

/** The tab's event stream. Throws outside of the provider, which is a mistake in the code. */
export function useLive(): LiveConnection {
  const connection = use(LiveContext);
  if (connection === null) throw new Error("useLive needs a LiveContext above it.");
  return connection;
}

export function useLiveStatus(): LiveStatus {
  const connection = useLive();
  return useSyncExternalStore(connection.onStatus, connection.status);
}
