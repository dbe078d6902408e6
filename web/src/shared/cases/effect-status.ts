import type { FraudCaseView } from "@/api/types";

/** Whether anything was done in the customer's account, as far as it is certain. */
export const hasCompletedEffect = ({ effects }: FraudCaseView): boolean =>
  effects.some(({ status }) => status === "done");

/** Whether an effect may have happened without a known result. */
export const hasUnconfirmedEffect = ({ effects }: Pick<FraudCaseView, "effects">): boolean =>
  effects.some(({ status }) => status === "unknown");
