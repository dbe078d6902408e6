import type { FraudCaseView, ChosenRefund, RecommendedAction, TelemetryEvent } from "@/api/types";
import { ACTIONS } from "@/shared/format/actions";
import { formatMinor, formatMoney } from "@/shared/format/numbers";

/** What exactly an approval of `action` will do: one sentence, shown before anybody confirms it. */
export function consequenceOf(
  action: RecommendedAction,
  view: FraudCaseView,
  refunds?: readonly ChosenRefund[] | null,
): string {
  const what = refunds == null ? charges(view) : chosenCharges(refunds);
  return ACTIONS[action].consequence(`customer ${view.alert.customer_id}`, what);
}

function chosenCharges(refunds: readonly ChosenRefund[]): string {
  const sums = new Map<string, number>();
  for (const { amount } of refunds) {
    sums.set(amount.currency, (sums.get(amount.currency) ?? 0) + amount.amount_minor);
  }
  const total = [...sums].map(([currency, amount]) => formatMinor(amount, currency)).join(" and ");
  return `${counted(refunds.length)} (${total})`;
}

const counted = (count: number): string => (count === 1 ? "1 charge" : `${count} charges`);

/** Whether `action` can be carried out at all: a refund needs charges to refund. */
export const isPossible = (action: RecommendedAction, view: FraudCaseView): boolean =>
  ACTIONS[action].refunds !== true || chargeIds(view).length > 0;

export const chargeIds = (view: FraudCaseView): readonly string[] => view.assessment?.refund_charge_ids ?? [];

function charges(view: FraudCaseView): string {
  const ids = chargeIds(view);
  const count = counted(ids.length);
  const total = view.assessment?.refund_total;
  const sum =
    total != null && total.length > 0
      ? total.map(({ amount_minor, currency }) => formatMinor(amount_minor, currency)).join(" and ")
      : sumOf(ids, [...view.alert.trigger_events, ...view.alert.recent_events]);
  return sum === undefined ? count : `${count} (${sum})`;
}

/** The total, when the alert's own events tell the amount of every charge and all are in one currency. */
function sumOf(ids: readonly string[], events: readonly TelemetryEvent[]): string | undefined {
  const amounts = new Map<string, { amount: number; currency: string }>();
  for (const event of events) {
    if (event.kind !== "transaction" || event.attributes.charge_id == null) continue;
    const { charge_id, amount, currency } = event.attributes;
    amounts.set(charge_id, { amount: Number(amount), currency });
  }
  const known = ids.map((id) => amounts.get(id));
  const first = known[0];
  if (first === undefined) return undefined;
  if (known.some((charge) => charge?.currency !== first.currency)) return undefined;
  return formatMoney(
    known.reduce((sum, charge) => sum + (charge?.amount ?? 0), 0),
    first.currency,
  );
}
