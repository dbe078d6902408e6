import { Button, NumberInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { formatNumber } from "@/shared/format/numbers";
import { Dialog } from "@/shared/ui/Dialog";
import { Panel } from "@/shared/ui/Panel";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { Time } from "@/shared/ui/Time";
import { useEraseConversation, useLinkUser } from "./change-user";
import { useConversation } from "./get-conversation";
import { useMessageCount } from "./get-message-count";
import classes from "./UserPanel.module.css";

/** Which customer a user is, how much they wrote, and what managers and admins can do about that. */
export function UserPanel({ userId }: { userId: string }) {
  const user = useConversation(userId).data?.user;
  const count = useMessageCount(userId);
  const identity = useIdentity();
  const nameOf = useActorName();
  if (user === undefined) return null;
  return (
    <Panel title="About this user">
      <dl className={classes["facts"]}>
        <dt>Customer</dt>
        <dd>
          {user.customer_id ?? "Not linked: the assistant reads no records"}
          {user.linked_at !== null && (
            <span className={classes["note"]}>
              {" "}
              by {nameOf(user.linked_by ?? "")}, <Time at={user.linked_at} format="day" />
            </span>
          )}
        </dd>
        <dt>Messages</dt>
        <dd>{formatNumber(user.turns)}</dd>
        <dt>Answered since the last reset</dt>
        <dd>{count.data === undefined ? "…" : formatNumber(count.data.message_count)}</dd>
      </dl>
      {mayActAs(identity, "admin") && <LinkForm key={userId} userId={userId} linked={user.customer_id} />}
      {mayActAs(identity, "manager") && user.turns > 0 && <EraseButton userId={userId} />}
    </Panel>
  );
}

function LinkForm({ userId, linked }: { userId: string; linked: number | null }) {
  const link = useLinkUser(userId);
  const [customer, setCustomer] = useState<number | "">("");
  return (
    <form
      className={classes["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (customer !== "") link.mutate(customer, { onSuccess: () => setCustomer("") });
      }}
    >
      <NumberInput
        label="Link to a customer"
        description="From the next reply on, the assistant may read this customer's records."
        min={1}
        allowDecimal={false}
        allowNegative={false}
        hideControls
        value={customer}
        onChange={(value) => setCustomer(typeof value === "number" ? value : "")}
      />
      <RefusedChange of={[link]} boxed />
      <div className={classes["buttons"]}>
        <Button type="submit" size="xs" variant="default" loading={link.isPending} disabled={customer === ""}>
          Link
        </Button>
        {linked !== null && (
          <Button size="xs" variant="subtle" onClick={() => link.mutate(null)} disabled={link.isPending}>
            End the link
          </Button>
        )}
      </div>
    </form>
  );
}

function EraseButton({ userId }: { userId: string }) {
  const erase = useEraseConversation(userId);
  const [asking, { open, close }] = useDisclosure(false);
  return (
    <div className={classes["form"]}>
      <RefusedChange of={[erase]} boxed />
      <Button size="xs" variant="default" color="red" onClick={open} loading={erase.isPending}>
        Erase the conversation…
      </Button>
      <Dialog
        opened={asking}
        onClose={close}
        title={<strong>Erase the conversation with {userId}?</strong>}
        size={440}
        closeButtonProps={{ "aria-label": "Cancel" }}
      >
        <p className={classes["warning"]}>
          Every message, reply and draft is erased, and what waits for a reply is withdrawn. It cannot be
          undone. The counts stay, and the desk log says who erased it.
        </p>
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button
            color="red"
            onClick={() => {
              close();
              erase.mutate();
            }}
          >
            Erase
          </Button>
        </div>
      </Dialog>
    </div>
  );
}
