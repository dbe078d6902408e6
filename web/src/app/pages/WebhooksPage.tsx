import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { usePageTitle } from "@/app/use-page-title";
import { SubscriptionForm } from "@/features/webhooks/SubscriptionForm";
import { SubscriptionList } from "@/features/webhooks/SubscriptionList";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { EmptyState } from "@/shared/ui/States";
import classes from "./Page.module.css";

/** Where domain events are posted to, and how far that has come. For admins. */
export function WebhooksPage() {
  const may = mayActAs(useIdentity(), "admin");
  const [making, { open, close }] = useDisclosure(false);
  usePageTitle("Webhooks");
  return (
    <div className={classes["page"]}>
      <div className={classes["head"]}>
        <h1>Webhooks</h1>
        {may && (
          <Button size="xs" onClick={open}>
            New webhook…
          </Button>
        )}
      </div>
      {may ? (
        <SubscriptionList />
      ) : (
        <EmptyState title="Only admins see webhooks">Ask an admin of your desk.</EmptyState>
      )}
      {making && <SubscriptionForm onClose={close} />}
    </div>
  );
}
