import type { QueueQuery } from "@/shared/queue/query";

/** Parts of a query; undefined takes a part away. */
export type QueryChanges = { [Name in keyof QueueQuery]?: QueueQuery[Name] | undefined };

export const withChanges = (query: QueueQuery, changes: QueryChanges): QueueQuery =>
  Object.fromEntries(Object.entries({ ...query, ...changes }).filter(([, value]) => value !== undefined));
