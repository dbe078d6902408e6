import { Button, Checkbox, MultiSelect, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { Subscription } from "@/api/types";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useChangeSubscription, useCreateSubscription } from "./change-subscription";
import { EVENT_GROUPS, isEventName } from "./event-names";
import { NewSecret } from "./NewSecret";
import classes from "./Webhooks.module.css";

interface Values {
  url: string;
  description: string;
  all: boolean;
  events: string[];
  first: number | "";
}

const EMPTY: Values = { url: "", description: "", all: true, events: [], first: "" };

interface SubscriptionFormProps {
  /** The webhook that is changed; without one another is made, and its secret is shown. */
  subscription?: Subscription;
  onClose: () => void;
}

/** Makes a webhook, or changes one. */
export function SubscriptionForm({ subscription, onClose }: SubscriptionFormProps) {
  return subscription === undefined ? (
    <NewWebhook onClose={onClose} />
  ) : (
    <ChangedWebhook subscription={subscription} onClose={onClose} />
  );
}

function NewWebhook({ onClose }: { onClose: () => void }) {
  const create = useCreateSubscription();
  if (create.data !== undefined) return <NewSecret issued={create.data.secret} onClose={onClose} />;
  return (
    <WebhookDialog
      title="New webhook"
      action="Make the webhook"
      values={EMPTY}
      isNew
      change={create}
      onClose={onClose}
      onSubmit={({ first, ...values }) =>
        create.mutate({ ...orderOf(values), from_sequence: first === "" ? null : first })
      }
    />
  );
}

function ChangedWebhook({ subscription, onClose }: Required<SubscriptionFormProps>) {
  const change = useChangeSubscription(subscription);
  const { url, description, events } = subscription;
  return (
    <WebhookDialog
      title="Change the webhook"
      action="Change it"
      values={{ url, description, all: events === null, events: events ?? [], first: "" }}
      change={change}
      onClose={onClose}
      onSubmit={(values) => change.mutate(orderOf(values), { onSuccess: onClose })}
    />
  );
}

const orderOf = ({ url, description, all, events }: Omit<Values, "first">) => ({
  url: url.trim(),
  description: description.trim(),
  events: all ? null : events.filter(isEventName),
});

interface WebhookDialogProps {
  title: string;
  action: string;
  values: Values;
  isNew?: boolean;
  change: { isPending: boolean; isError: boolean; error: unknown };
  onSubmit: (values: Values) => void;
  onClose: () => void;
}

function WebhookDialog({
  title,
  action,
  values,
  isNew = false,
  change,
  onSubmit,
  onClose,
}: WebhookDialogProps) {
  const form = useForm<Values>({
    initialValues: values,
    validate: {
      url: (url) => (url.trim() === "" ? "Say where events are posted to." : null),
      events: (events, { all }) => (!all && events.length === 0 ? "Choose an event, or send all." : null),
    },
  });
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>{title}</strong>}
      size={480}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <form noValidate className={classes["form"]} onSubmit={form.onSubmit(onSubmit)}>
        <TextInput
          label="URL"
          description="Events are posted there. It begins with https://."
          type="url"
          maxLength={2_000}
          required
          data-autofocus
          {...form.getInputProps("url")}
        />
        <Textarea
          label="Description"
          maxLength={200}
          autosize
          minRows={1}
          {...form.getInputProps("description")}
        />
        <Checkbox
          label="Send all events, also those of later releases"
          {...form.getInputProps("all", { type: "checkbox" })}
        />
        {!form.values.all && (
          <MultiSelect
            label="Events"
            data={EVENT_GROUPS}
            searchable
            clearable
            clearButtonProps={{ "aria-label": "Choose none" }}
            nothingFoundMessage="There is no such event"
            maxDropdownHeight={220}
            {...form.getInputProps("events")}
          />
        )}
        {isNew && (
          <NumberInput
            label="From event number"
            description="Earlier events are sent as well; empty: what happens from now on."
            min={1}
            allowDecimal={false}
            allowNegative={false}
            hideControls
            {...form.getInputProps("first")}
          />
        )}
        <RefusedChange of={[change]} boxed />
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
