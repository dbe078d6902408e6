import { Skeleton } from "@mantine/core";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { useSubscriptions } from "./list-subscriptions";
import { SubscriptionPanel } from "./SubscriptionPanel";

/** Every webhook, and what can be done with each. */
export function SubscriptionList() {
  const subscriptions = useSubscriptions();
  if (subscriptions.isPending) return <Skeleton height={160} />;
  if (subscriptions.data === undefined) {
    return (
      <ErrorState
        error={subscriptions.error}
        onRetry={() => void subscriptions.refetch()}
        retrying={subscriptions.isFetching}
      />
    );
  }
  if (subscriptions.data.length === 0) {
    return (
      <EmptyState title="Nobody is sent events">
        A webhook gets what happens to cases, conversations and tasks as signed CloudEvents, in order.
      </EmptyState>
    );
  }
  return subscriptions.data.map((subscription) => (
    <SubscriptionPanel key={subscription.subscription_id} subscription={subscription} />
  ));
}
