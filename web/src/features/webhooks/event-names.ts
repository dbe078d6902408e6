import type { EventName } from "@/api/types";

// A record, so that the compiler misses an event that is not listed.
const GROUP: Record<EventName, string> = {
  AlertRaised: "Cases",
  CaseOpened: "Cases",
  ReviewRequested: "Cases",
  HumanReviewRequired: "Cases",
  CaseEscalated: "Cases",
  DecisionAccepted: "Cases",
  ActionExecuted: "Cases",
  ActionReversed: "Cases",
  CaseClosed: "Cases",
  CaseReopened: "Cases",
  MessageSent: "Conversations",
  MessageNotSent: "Conversations",
  ConversationErased: "Conversations",
  TaskCreated: "Tasks",
  TaskChanged: "Tasks",
  TaskCompleted: "Tasks",
  TaskReopened: "Tasks",
  TaskDeleted: "Tasks",
  TaskOverdue: "Tasks",
};

const names = Object.keys(GROUP) as EventName[];

/** All events, by what they are about, as a select offers them. */
export const EVENT_GROUPS = [...new Set(Object.values(GROUP))].map((group) => ({
  group,
  items: names.filter((name) => GROUP[name] === group),
}));

export const isEventName = (name: string): name is EventName => name in GROUP;
