import type { CaseAction, Effect, RecommendedAction, Reversal } from "@/api/types";
import type { Tone, ToneLabel } from "./labels";

type ReversalAction = Reversal["action"];
type EffectAction = Exclude<Effect["action"], ReversalAction>;

/** What people read of an action, wherever it is offered, approved or shown. */
interface ActionWords {
  label: string;
  /** What exactly an approval does, as one sentence. */
  consequence: (customer: string, charges: string) => string;
  /** Why it needs two people, by the policy table of docs/desk.md. */
  fourEyes: string;
  /** It needs charges to refund. */
  refunds?: true;
}

/** Every action that can be approved, in the order in which they are offered. */
export const ACTIONS: Record<RecommendedAction, ActionWords> = {
  lock_account: {
    label: "Lock account",
    consequence: (customer) => `Locks the account of ${customer}.`,
    fourEyes: "This review needs two approvals.",
  },
  refund_charges: {
    label: "Refund charges",
    consequence: (customer, charges) => `Refunds ${charges} of ${customer}.`,
    fourEyes: "A refund of this size, or of an unknown sum, needs two approvals.",
    refunds: true,
  },
  lock_and_refund: {
    label: "Lock and refund",
    consequence: (customer, charges) => `Locks the account of ${customer} and refunds ${charges}.`,
    fourEyes: "Locking and refunding needs two approvals.",
    refunds: true,
  },
  clear: {
    label: "Clear",
    consequence: (customer) =>
      `Closes the case of ${customer} as cleared. Nothing is changed in the account.`,
    fourEyes: "Clearing a case that was rated critical needs two approvals.",
  },
};

/** Whether an action is one of a case of fraud. */
export const isFraudAction = (action: CaseAction | null): action is RecommendedAction =>
  action !== null && action in ACTIONS;

type FraudOutcome = "cleared" | "account_locked" | "charges_refunded" | "locked_and_refunded";

/** How a case of fraud ends whose action was carried out. */
export const ACTION_OUTCOME: Record<FraudOutcome, ToneLabel> = {
  cleared: { label: "Cleared", tone: "good" },
  account_locked: { label: "Account locked", tone: "bad" },
  charges_refunded: { label: "Charges refunded", tone: "warn" },
  locked_and_refunded: { label: "Locked and refunded", tone: "bad" },
};

/** What an effect does, and what is asked before it is reversed. */
export const EFFECTS: Record<EffectAction, { label: string; undo: string }> = {
  lock_account: { label: "Lock account", undo: "Unlock the account?" },
  refund_charges: { label: "Refund charges", undo: "Reverse the refund?" },
};

/** The labels of a reversal: what it does, its result, and its addition to the outcome of the case. */
export const REVERSALS: Record<ReversalAction, { label: string; done: string; tone?: Tone }> = {
  unlock_account: { label: "Unlock account", done: "lock reversed", tone: "neutral" },
  reverse_refund: { label: "Reverse refund", done: "refund reversed" },
};

const isEffect = (action: Effect["action"]): action is EffectAction => action in EFFECTS;

/** What is asked before an effect is reversed. */
export const undoQuestion = (action: Effect["action"]): string =>
  isEffect(action) ? EFFECTS[action].undo : REVERSALS[action].label;
