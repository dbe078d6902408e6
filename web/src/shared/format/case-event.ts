import type { CaseEvent } from "@/api/types";
import { formatScore } from "./numbers";
import { ACTION, humanise, OUTCOME, SPECIALIST, SPECIALIST_STATE, type Tone } from "./words";

export interface EventLine {
  text: string;
  detail?: string;
  tone: Tone;
}

/** One line of the case log as a sentence. Unknown shapes fall back to the name of the event. */
export function describeCaseEvent(event: CaseEvent): EventLine {
  const data = event.data;
  const round = number(data["round"]);
  switch (event.type) {
    case "case_opened":
      return { text: "Case opened", tone: "neutral" };
    case "round_started":
      return { text: `Round ${round ?? 1} started`, tone: "accent" };
    case "specialist_started":
      return { text: `${specialist(data)} specialist started`, tone: "accent" };
    case "specialist_finished":
      return { text: `${specialist(data)} specialist: ${finished(data)}`, tone: "neutral" };
    case "assessed":
      return { text: `Assessed: ${assessed(data)}`, tone: "neutral" };
    case "review_opened":
      return { text: "Waiting for a person's decision", tone: "warn" };
    case "decision_accepted":
      return decided(data);
    case "escalated":
      return withDetail({ text: "Escalated to a manager", tone: "high" }, data["reason"]);
    case "effect_started":
      return { text: `${label(ACTION, data["action"])} started`, tone: "accent" };
    case "effect_finished":
      return effect(data);
    case "case_closed":
      return { text: `Closed: ${outcome(data)}`, tone: "good" };
  }
}

function finished(data: CaseEvent["data"]): string {
  if (data["status"] === "ok") return `risk ${formatScore(number(data["risk_score"]))}`;
  const status = text(data["status"]);
  const known = Object.entries(SPECIALIST_STATE).find(([name]) => name === status);
  return known?.[1].label.toLowerCase() ?? "finished";
}

function assessed(data: CaseEvent["data"]): string {
  const score = `risk ${formatScore(number(data["score"]))}`;
  const action = text(data["recommended_action"]);
  return action === undefined ? score : `${score}, recommends “${label(ACTION, action).toLowerCase()}”`;
}

function decided(data: CaseEvent["data"]): EventLine {
  if (data["verdict"] === "reject") {
    return withDetail({ text: "Rejected with feedback", tone: "warn" }, data["feedback"]);
  }
  return { text: `Approved: ${label(ACTION, data["action"]).toLowerCase()}`, tone: "good" };
}

function effect(data: CaseEvent["data"]): EventLine {
  const action = label(ACTION, data["action"]);
  if (data["status"] === "done") return { text: `${action}: done`, tone: "good" };
  return { text: `${action}: ${text(data["status"]) ?? "finished"}`, tone: "bad" };
}

function outcome(data: CaseEvent["data"]): string {
  const name = text(data["outcome"]);
  const known = Object.entries(OUTCOME).find(([key]) => key === name);
  return known?.[1].label.toLowerCase() ?? name ?? "done";
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
