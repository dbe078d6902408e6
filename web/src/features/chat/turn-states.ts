import type { TurnState } from "@/api/types";

interface Words {
  /** As the customer reads it. */
  label: string;
  /** Whether something still happens. */
  open: boolean;
}

/** The state of a message, in words. Nothing of a draft is among them. */
export const TURN_STATE: Record<TurnState, Words> = {
  queued: { label: "Waiting for its turn…", open: true },
  drafting: { label: "Being answered…", open: true },
  checking: { label: "Being checked…", open: true },
  sent: { label: "Answered", open: false },
  rejected: { label: "Rejected", open: false },
  unresolved: { label: "Nobody decided in time", open: false },
  failed: { label: "Not answered", open: false },
  withdrawn: { label: "Withdrawn", open: false },
};
