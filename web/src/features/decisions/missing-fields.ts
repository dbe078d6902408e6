import type { Disposition, RequiredField } from "@/api/types";
import { type DecisionDraft, hasText } from "./decision-draft";

const WORDS: Record<RequiredField, string> = {
  disposition: "a disposition",
  reason_code: "a reason",
  comment: "a comment",
  reason: "a reason or a comment",
};

/** What is required of a decision and not filled in yet, in words. */
export function missingFields(
  required: readonly RequiredField[],
  draft: DecisionDraft,
  disposition: Disposition | undefined,
): string[] {
  const filled: Record<RequiredField, boolean> = {
    disposition: disposition !== undefined,
    reason_code: draft.reason !== undefined,
    comment: hasText(draft),
    reason: draft.reason !== undefined || hasText(draft),
  };
  return required.filter((field) => !filled[field]).map((field) => WORDS[field]);
}
