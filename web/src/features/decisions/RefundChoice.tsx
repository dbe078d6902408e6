import { Checkbox, NumberInput } from "@mantine/core";
import type { ChosenRefund } from "@/api/types";
import { minorDigits } from "@/shared/format/currencies";
import { formatMinor } from "@/shared/format/numbers";
import classes from "./RefundChoice.module.css";

interface RefundChoiceProps {
  /** What can be refunded now of each charge that the assessment names. */
  offered: readonly ChosenRefund[];
  /** What is chosen of it. */
  chosen: readonly ChosenRefund[];
  disabled: boolean;
  onChange: (chosen: readonly ChosenRefund[]) => void;
}

/** Which charges are refunded, and how much of each. */
export function RefundChoice({ offered, chosen, disabled, onChange }: RefundChoiceProps) {
  const set = (charge: ChosenRefund, amount_minor: number | undefined) => {
    const amounts = new Map(chosen.map((each) => [each.charge_id, each]));
    if (amount_minor === undefined) amounts.delete(charge.charge_id);
    else amounts.set(charge.charge_id, { ...charge, amount: { ...charge.amount, amount_minor } });
    onChange(offered.flatMap(({ charge_id }) => amounts.get(charge_id) ?? []));
  };
  return (
    <fieldset className={classes["choice"]} disabled={disabled}>
      <legend className={classes["legend"]}>Charges to refund</legend>
      {offered.map((charge) => {
        const part = chosen.find(({ charge_id }) => charge_id === charge.charge_id);
        return (
          <div key={charge.charge_id} className={classes["charge"]}>
            <Checkbox
              size="xs"
              label={charge.charge_id}
              checked={part !== undefined}
              onChange={({ currentTarget }) =>
                set(charge, currentTarget.checked ? charge.amount.amount_minor : undefined)
              }
            />
            <AmountInput charge={charge} part={part} onAmount={(amount) => set(charge, amount)} />
          </div>
        );
      })}
    </fieldset>
  );
}

interface AmountInputProps {
  charge: ChosenRefund;
  part: ChosenRefund | undefined;
  onAmount: (amount_minor: number) => void;
}

function AmountInput({ charge, part, onAmount }: AmountInputProps) {
  const { amount_minor, currency } = charge.amount;
  const digits = minorDigits(currency);
  const unit = 10 ** digits;
  return (
    <NumberInput
      size="xs"
      aria-label={`Amount of ${charge.charge_id}, at most ${formatMinor(amount_minor, currency)}`}
      rightSection={<span className={classes["currency"]}>{currency}</span>}
      rightSectionWidth={40}
      hideControls
      decimalScale={digits}
      fixedDecimalScale
      allowNegative={false}
      min={1 / unit}
      max={amount_minor / unit}
      clampBehavior="blur"
      disabled={part === undefined}
      value={(part ?? charge).amount.amount_minor / unit}
      onBlur={({ currentTarget }) => {
        const typed = Math.round(Number(currentTarget.value.replaceAll(",", "")) * unit);
        if (part !== undefined) onAmount(Math.min(Math.max(typed || 1, 1), amount_minor));
      }}
      classNames={{ root: classes["amount"] ?? "" }}
    />
  );
}
