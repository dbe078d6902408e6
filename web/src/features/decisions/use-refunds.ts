import type { FraudCaseView, ChosenRefund, RecommendedAction, ReviewRequest } from "@/api/types";
import { ACTIONS } from "@/shared/format/actions";
import { usePreview } from "./preview-action";

const NONE: readonly ChosenRefund[] = [];

/**
 * What of an action's refund can be chosen, what is chosen, and the dry run of it.
 *
 * Without a choice the approval says nothing of refunds, and all that the assessment names is refunded; but where the
 * store leaves a charge out, the approval is about the rest.
 */
export function useRefunds(
  view: FraudCaseView,
  review: ReviewRequest,
  action: RecommendedAction | undefined,
  draft: readonly ChosenRefund[] | undefined,
) {
  const whole = usePreview(view.case_id, review, { action, refunds: undefined });
  const refunding = action !== undefined && ACTIONS[action].refunds === true;
  const known = refunding ? whole.data?.preview : undefined;
  const offered = known?.refunds ?? NONE;
  const rest = known !== undefined && known.left_out.length > 0 ? known.refunds : undefined;
  const chosen = known === undefined ? undefined : draft?.filter(isAmong(offered));
  const own = usePreview(view.case_id, review, { action, refunds: chosen });
  return {
    offered,
    refunds: chosen ?? rest,
    preview: chosen === undefined || chosen.length === 0 ? whole : own,
  };
}

/** Whether a chosen part can still be refunded. */
const isAmong =
  (offered: readonly ChosenRefund[]) =>
  ({ charge_id, amount }: ChosenRefund): boolean =>
    offered.some((each) => each.charge_id === charge_id && each.amount.amount_minor >= amount.amount_minor);
