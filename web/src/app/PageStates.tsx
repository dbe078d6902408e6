import { Skeleton } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { EmptyState, ErrorState } from "@/shared/ui/States";

export function PageError({ error, reset }: ErrorComponentProps) {
  return <ErrorState heading="This page cannot be shown" error={error} onRetry={reset} />;
}

export function PagePending() {
  return (
    <div role="status" aria-label="Loading the page">
      <Skeleton height={320} />
    </div>
  );
}

export function NotFound() {
  return (
    <EmptyState title="There is no such page" isHeading>
      <Link to="/">Go to the desk</Link>
    </EmptyState>
  );
}
