import type { Alert, CaseEvent } from "@/api/types";
import { formatScore } from "./numbers";
import { formatDateTime } from "./time";
import {
  ACTION,
  EFFECT,
  humanise,
  DISPOSITION,
  OUTCOME,
  SPECIALIST,
  SPECIALIST_STATE,
  type Tone,
} from "./labels";

export interface EventLine {
  text: string;
  detail?: string;
  tone: Tone;
}

const OPENED_BY: Record<string, string> = {
  system: "Case opened by a rule",
  worker: "Case opened by an orchestration",
};

/** One line of the case log as a sentence. Unknown shapes fall back to the name of the event. */
export function describeCaseEvent(event: CaseEvent): EventLine {
  const data = event.data;
  const round = number(data["round"]);
  switch (event.type) {
    case "case_opened":
      return {
        text: OPENED_BY[event.actor] ?? "Case opened by hand",
        tone: "neutral",
      };
    case "alert_joined":
      return withDetail(
        {
          text: data["review_id"] == null ? "Alert joined" : "Alert joined: the question is asked again",
          tone: "warn",
        },
        (data["alert"] as Partial<Alert> | undefined)?.description,
      );
    case "alert_detached":
      return withDetail(
        { text: `Alert detached: ${text(data["alert_id"]) ?? ""}`, tone: "warn" },
        data["reason"],
      );
    case "case_merged":
      return withDetail({ text: `Merged into ${text(data["into"]) ?? ""}`, tone: "neutral" }, data["reason"]);
    case "case_unmerged":
      return withDetail({ text: "Detached again: the case goes on", tone: "warn" }, data["reason"]);
    case "conversation_moved":
      return { text: "The customer wrote again: the reply is drafted anew", tone: "warn" };
    case "texts_erased":
      return { text: "The conversation was erased", tone: "neutral" };
    case "orchestration_failed":
      return withDetail(
        { text: "The investigation failed: a person continues the case", tone: "high" },
        data["reason"],
      );
    case "round_started":
      return { text: `Round ${round ?? 1} started`, tone: "accent" };
    case "specialist_started":
      return { text: `${specialist(data)} specialist started`, tone: "accent" };
    case "specialist_finished":
      return { text: `${specialist(data)} specialist: ${finished(data)}`, tone: "neutral" };
    case "assessed":
      return { text: `Assessed: ${assessed(event)}`, tone: "neutral" };
    case "review_opened":
      return { text: "Review opened: a person must decide", tone: "warn" };
    case "review_reminded":
      return { text: "Reminder: a decision is due soon", tone: "warn" };
    case "approval_given":
      return withDetail(
        { text: `First approval: ${label(ACTION, data["action"]).toLowerCase()}`, tone: "accent" },
        lastComment(data),
      );
    case "approval_withdrawn":
      return { text: "First approval withdrawn", tone: "warn" };
    case "decision_accepted":
      return decided(data);
    case "decision_withdrawn":
      return { text: `Decision taken back: ${label(ACTION, data["action"]).toLowerCase()}`, tone: "warn" };
    case "hold_ended":
      return { text: `Takes effect: ${label(ACTION, data["action"]).toLowerCase()}`, tone: "accent" };
    case "escalated":
      return withDetail({ text: "Escalated to a manager", tone: "high" }, data["reason"]);
    case "review_expired":
      return { text: "Review expired: nobody decided in time", tone: "high" };
    case "effect_started":
      return { text: `${label(EFFECT, data["action"])} started`, tone: "accent" };
    case "effect_finished":
      return effect(data);
    case "facts_changed":
      return withDetail(
        { text: "Not carried out: the facts changed since the approval", tone: "high" },
        changesOf(event).join(" "),
      );
    case "case_closed":
      return closed(data);
    default:
      return describeDeskEvent(event);
  }
}

/** What people do to a case besides deciding it; anything else by its name. */
function describeDeskEvent({ type, data, actor }: CaseEvent): EventLine {
  switch (type) {
    case "claimed":
      return { text: claimed(data, actor), tone: "neutral" };
    case "assigned":
      return assigned(data);
    case "claim_released":
      if (data["moved_on"] === true) return { text: "Released for the next case", tone: "neutral" };
      return withDetail({ text: "Claim released", tone: "neutral" }, data["reason"]);
    case "claim_taken_over":
      return withDetail(
        { text: `Taken over from ${text(data["previous_assignee"]) ?? "another person"}`, tone: "warn" },
        data["reason"],
      );
    case "case_reopened":
      return withDetail({ text: "Reopened: what is left is asked again", tone: "warn" }, data["reason"]);
    case "snoozed":
      return withDetail({ text: `Snoozed until ${snoozeEnd(data)}`, tone: "neutral" }, data["reason"]);
    case "snooze_ended":
      return { text: "Snooze ended", tone: "neutral" };
    case "legal_hold_placed":
      return withDetail(
        { text: "Legal hold placed: nothing is purged or erased", tone: "warn" },
        data["reason"],
      );
    case "legal_hold_lifted":
      return withDetail({ text: "Legal hold lifted", tone: "neutral" }, data["reason"]);
    case "note_added":
      return { text: "Note added", tone: "neutral" };
    case "attachment_added":
      return { text: `File attached: ${text(data["name"]) ?? "unnamed"}`, tone: "neutral" };
    case "reversal_requested":
      return withDetail({ text: `Reversal requested: ${reversal(data)}`, tone: "warn" }, data["reason"]);
    case "reversal_decided":
      return withDetail(
        data["status"] === "refused"
          ? { text: `Reversal refused: ${reversal(data)}`, tone: "neutral" }
          : { text: `Reversal approved: ${reversal(data)}`, tone: "good" },
        data["comment"],
      );
    case "reversal_started":
      return { text: `${label(EFFECT, data["action"])} started`, tone: "accent" };
    case "reversal_finished":
      if (data["status"] === "done" && staysLocked(data)) {
        return { text: "Lock reversed; another order keeps the account locked", tone: "neutral" };
      }
      return data["status"] === "done"
        ? { text: `${label(EFFECT, data["action"])}: done`, tone: "good" }
        : effect(data);
    default:
      return { text: humanise(type), tone: "neutral" };
  }
}

const WHY_ASSIGNED: Readonly<Record<string, string>> = {
  escalated: "It was escalated.",
  second_approval: "The second approval takes somebody else.",
  absent: "Whose it was is away.",
};

/** Whose the case is now, whose it was, and why. */
function assigned(data: CaseEvent["data"]): EventLine {
  const [to, from] = [text(data["assigned_to"]), text(data["previously"])];
  const before = from === undefined ? "" : `, before ${from}`;
  const line = to === undefined ? `Back in the pool${before}` : `Assigned to ${to}${before}`;
  return withDetail(
    { text: line, tone: "neutral" },
    text(data["reason"]) ?? WHY_ASSIGNED[text(data["why"]) ?? ""],
  );
}

function snoozeEnd(data: CaseEvent["data"]): string {
  const until = text(data["until"]);
  const time = until === undefined ? "later" : formatDateTime(until);
  return data["until_activity"] === true ? `${time}, or until somebody else adds something` : time;
}

/** Whether the store said that another order keeps the account locked. */
function staysLocked({ effect }: CaseEvent["data"]): boolean {
  const result = isObject(effect) ? effect["result"] : undefined;
  const active = isObject(result) ? result["still_locked_by"] : undefined;
  return Array.isArray(active) && active.length > 0;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const reversal = (data: CaseEvent["data"]): string => label(EFFECT, data["action"]).toLowerCase();

/** What was found to have changed between an approval and its execution: sentences. */
export function changesOf(event: CaseEvent): readonly string[] {
  const changes = event.data["changes"];
  return Array.isArray(changes) ? changes.filter((change) => typeof change === "string") : [];
}

function lastComment(data: CaseEvent["data"]): unknown {
  const approvals = data["approvals"];
  const last: unknown = Array.isArray(approvals) ? approvals.at(-1) : undefined;
  return typeof last === "object" && last !== null && "comment" in last ? last.comment : undefined;
}

function finished(data: CaseEvent["data"]): string {
  if (data["status"] === "ok") return `risk ${formatScore(number(data["risk_score"]))}`;
  const status = text(data["status"]);
  const known = Object.entries(SPECIALIST_STATE).find(([name]) => name === status);
  return known?.[1].label.toLowerCase() ?? "finished";
}

function assessed({ data, actor }: CaseEvent): string {
  // Without a score a recommendation is not shown.
  if (number(data["score"]) === undefined) {
    // An orchestration that failed early leaves no assessment.
    return `not assessed: ${actor === "system" ? "nothing was concluded" : "no evidence to go by"}`;
  }
  const score = `risk ${formatScore(number(data["score"]))}`;
  const action = text(data["recommended_action"]);
  return action === undefined ? score : `${score}, recommends “${label(ACTION, action).toLowerCase()}”`;
}

function decided(data: CaseEvent["data"]): EventLine {
  if (data["verdict"] === "reject") {
    return withDetail({ text: "Rejected with feedback", tone: "warn" }, data["feedback"]);
  }
  const disposition = text(data["disposition"]);
  const before = text(data["previous_disposition"]);
  const changed =
    before === undefined || before === disposition ? "" : `, before: ${dispositionLabel(before)}`;
  const suffix = disposition === undefined ? "" : ` (${dispositionLabel(disposition)}${changed})`;
  return withDetail(
    { text: `Approved: ${label(ACTION, data["action"]).toLowerCase()}${suffix}`, tone: "good" },
    data["comment"],
  );
}

/** Who has the case now, and who had it before. */
function claimed(data: CaseEvent["data"], actor: string): string {
  if (data["handed_out"] === true) return "Claimed as the next case";
  const assignee = text(data["assignee"]);
  return assignee === undefined || assignee === actor ? "Claimed" : `Claimed for ${assignee}`;
}

function dispositionLabel(name: string): string {
  const known = Object.entries(DISPOSITION).find(([key]) => key === name);
  return known?.[1].label.toLowerCase() ?? name;
}

function effect(data: CaseEvent["data"]): EventLine {
  const action = label(EFFECT, data["action"]);
  if (data["status"] === "done") return { text: `${action}: done`, tone: "good" };
  if (data["status"] === "unknown") return { text: `${action}: not confirmed by the store`, tone: "high" };
  return { text: `${action}: ${text(data["status"]) ?? "finished"}`, tone: "bad" };
}

function closed(data: CaseEvent["data"]): EventLine {
  const name = text(data["outcome"]);
  const known = Object.entries(OUTCOME).find(([key]) => key === name)?.[1];
  const words = known?.label.toLowerCase() ?? name ?? "done";
  return { text: `Closed: ${words}`, tone: known?.tone ?? "neutral" };
}

const specialist = (data: CaseEvent["data"]): string => label(SPECIALIST, data["specialist"]);

function label(words: Record<string, string>, name: unknown): string {
  const known = text(name);
  if (known === undefined) return "Action";
  return words[known] ?? humanise(known);
}

function withDetail(line: EventLine, detail: unknown): EventLine {
  const words = text(detail);
  return words === undefined ? line : { ...line, detail: words };
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
