import { useState } from "react";
import type { components } from "@/api/schema";
import type { ChosenRefund, Disposition, RecommendedAction } from "@/api/types";
import { useIdentity } from "@/shared/api/session";
import { isFraudAction } from "@/shared/format/actions";
import { saveDraft, readDraft } from "@/shared/drafts";
import { impliedDisposition } from "./reason-codes";

/** What a person has chosen and typed, kept whatever happens to the case meanwhile. */
export interface DecisionDraft {
  rejecting: boolean;
  /** Undefined until somebody chooses: then what is recommended counts. */
  action: RecommendedAction | undefined;
  /** Undefined until somebody chooses: then it follows from the answer. */
  disposition: Disposition | undefined;
  /** Undefined until somebody chooses: then the charges that the assessment names count. */
  refunds: readonly ChosenRefund[] | undefined;
  reason: string | undefined;
  comment: string;
  feedback: string;
  /** What is sent instead of the assistant's draft; undefined while nobody edits it. */
  text: string | undefined;
}

const EMPTY: DecisionDraft = {
  rejecting: false,
  action: undefined,
  disposition: undefined,
  refunds: undefined,
  reason: undefined,
  comment: "",
  feedback: "",
  text: undefined,
};

export interface DecisionDraftState {
  draft: DecisionDraft;
  /** A draft for another question of the same case: offered, but never filled in automatically. */
  older: DecisionDraft | undefined;
  change: (part: Partial<DecisionDraft>) => void;
  /** The answer was sent. */
  clear: () => void;
  /** An answer was taken back: what it said is in the form again. */
  restore: (about: string, draft: DecisionDraft) => void;
  /** Another question is asked, and nothing was typed for it on this page: what was kept for it comes back. */
  begin: (about: string) => void;
  /** Use the draft's text for another question. */
  moveTo: (about: string | undefined) => void;
  adoptOlder: () => void;
  discardOlder: () => void;
}

interface Kept {
  /** Id of the review. */
  about: string | undefined;
  draft: DecisionDraft;
  older?: DecisionDraft | undefined;
}

const FIELD = "decision";

/** What this person has begun to answer to a case's question, kept beyond this page. */
export function useDecisionDraft(caseId: string, about: string | undefined): DecisionDraftState {
  const subject = useIdentity()?.subject ?? "";
  const [kept, setKept] = useState(() => recall(subject, caseId, about));
  const set = (next: (known: Kept) => Kept) =>
    setKept((known) => {
      const changed = next(known);
      const empty = !isStarted(changed.draft) && changed.older === undefined;
      saveDraft(subject, caseId, FIELD, empty ? undefined : changed);
      return changed;
    });
  return {
    draft: kept.draft,
    older: kept.older,
    change: (part) => set((known) => ({ ...known, draft: { ...known.draft, ...part } })),
    clear: () => set((known) => ({ about: known.about, draft: EMPTY })),
    restore: (question, draft) => set(({ older }) => ({ about: question, draft, older })),
    begin: (question) => setKept(recall(subject, caseId, question)),
    // Which charges can be refunded is another matter in another question.
    moveTo: (question) =>
      set((known) => ({ ...known, about: question, draft: { ...known.draft, refunds: undefined } })),
    adoptOlder: () =>
      set((known) => ({
        about: known.about,
        draft: { ...(known.older ?? known.draft), refunds: undefined },
      })),
    discardOlder: () => set((known) => ({ about: known.about, draft: known.draft })),
  };
}

type Answer = Pick<
  components["schemas"]["DecisionRequest"],
  "action" | "disposition" | "refunds" | "reason_code" | "comment"
>;

const fraudAction = (action: Answer["action"]): RecommendedAction | undefined =>
  action != null && isFraudAction(action) ? action : undefined;

/** What a person must have chosen and typed to approve this. What follows from the action was not chosen. */
export const draftOf = (
  { action, disposition, refunds, reason_code, comment }: Answer,
  chosen: boolean,
): DecisionDraft => ({
  ...EMPTY,
  action: fraudAction(action),
  disposition:
    !chosen && disposition === impliedDisposition("approve", fraudAction(action))
      ? undefined
      : (disposition ?? undefined),
  refunds: refunds ?? undefined,
  reason: reason_code ?? undefined,
  comment: comment ?? "",
});

const isStarted = (draft: DecisionDraft): boolean =>
  draft.action !== undefined ||
  draft.disposition !== undefined ||
  draft.refunds !== undefined ||
  draft.reason !== undefined ||
  hasText(draft);

/** Whether anything was typed. */
export const hasText = ({ comment, feedback, text = "" }: DecisionDraft): boolean =>
  `${comment}${feedback}${text}`.trim() !== "";

function recall(subject: string, caseId: string, about: string | undefined): Kept {
  const kept = readDraft(subject, caseId, FIELD) as Partial<Kept> | null;
  if (kept?.draft === undefined) return { about, draft: EMPTY };
  const draft = { ...EMPTY, ...kept.draft };
  if (kept.about === about) return { about, draft, older: kept.older };
  const older = hasText(draft) ? draft : kept.older;
  return { about, draft: EMPTY, older };
}

/** Whether there is a reason: a code or a text. */
export const hasReason = ({ reason, comment }: DecisionDraft): boolean =>
  reason !== undefined || comment.trim() !== "";
