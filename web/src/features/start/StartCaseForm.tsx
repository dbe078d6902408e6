import { Button, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { Severity } from "@/api/types";
import { SEVERITY } from "@/shared/format/labels";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useStartCase } from "./start-case";
import classes from "./StartCaseForm.module.css";

const ALERT_TYPE = /^[A-Za-z][A-Za-z0-9_-]{1,63}$/;
const SEVERITIES = Object.entries(SEVERITY).map(([value, { label }]) => ({ value, label }));

interface Values {
  customerId: number | "";
  alertType: string;
  severity: Severity;
  description: string;
}

interface StartCaseFormProps {
  onStarted: (caseId: string) => void;
}

/** Raise an alert by hand; its case is investigated like any other. */
export function StartCaseForm({ onStarted }: StartCaseFormProps) {
  const start = useStartCase();
  const form = useForm<Values>({
    initialValues: { customerId: "", alertType: "suspicious_activity", severity: "high", description: "" },
    validate: {
      customerId: (id) => (typeof id === "number" && id > 0 ? null : "Give the customer's number."),
      alertType: (type) =>
        ALERT_TYPE.test(type) ? null : "Use letters, digits, '-' and '_', starting with a letter.",
      description: (words) => (words.trim() === "" ? "Say what you saw." : null),
    },
  });
  const submit = (values: Values) => {
    if (values.customerId === "") return;
    start.mutate(
      {
        customer_id: values.customerId,
        alert_type: values.alertType,
        severity: values.severity,
        description: values.description.trim(),
        trigger_events: [],
      },
      { onSuccess: ({ instance_id }) => onStarted(instance_id) },
    );
  };
  return (
    <form noValidate onSubmit={form.onSubmit(submit)} className={classes["form"]}>
      <div className={classes["row"]}>
        <NumberInput
          label="Customer"
          description="The customer's number"
          min={1}
          allowDecimal={false}
          allowNegative={false}
          hideControls
          required
          {...form.getInputProps("customerId")}
        />
        <Select
          label="Severity"
          description="How bad it looks to you"
          data={SEVERITIES}
          required
          {...form.getInputProps("severity")}
        />
      </div>
      <TextInput
        label="Alert type"
        description="One word for what it is"
        required
        {...form.getInputProps("alertType")}
      />
      <Textarea
        label="What did you see?"
        description="The specialists read this; be exact about times, places and amounts."
        required
        minRows={4}
        maxLength={4_000}
        {...form.getInputProps("description")}
      />
      <RefusedChange of={[start]} boxed />
      <div className={classes["submit"]}>
        <Button type="submit" loading={start.isPending}>
          Open the case
        </Button>
      </div>
    </form>
  );
}
