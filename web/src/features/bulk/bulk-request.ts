import type { components } from "@/api/schema";

export type BulkItem = components["schemas"]["BulkResult"];
export type BulkAction = "claim" | "assign" | "snooze" | "close_false_positive";

/** What is to be done with several cases. */
export interface BulkRequest {
  action: BulkAction;
  /** For `assign` only. */
  assignee?: string;
  /** For `snooze` only; without it until the deadline of each case is near. */
  until?: string;
  until_activity?: boolean;
}
