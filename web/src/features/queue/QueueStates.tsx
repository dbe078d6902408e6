import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type QueueQuery, filterCount } from "@/shared/queue/query";
import { EmptyState } from "@/shared/ui/States";
import classes from "./CaseQueue.module.css";

/** Why there is nothing to see. */
export function EmptyQueue({ query }: { query: QueueQuery }) {
  if (query.q !== undefined) {
    return (
      <EmptyState title={`Nothing found for “${query.q}”`}>
        Descriptions and notes are searched. <Link to="/">Show every case</Link>
      </EmptyState>
    );
  }
  if (query.assignee === "me") {
    return (
      <EmptyState title="You work on no case">
        Press <kbd>n</kbd> to claim the next one.
      </EmptyState>
    );
  }
  if (query.assigned_to === "me") {
    return (
      <EmptyState title="No case is assigned to you">
        Take one of the pool on its page; where cases are assigned by rule, they come by themselves.
      </EmptyState>
    );
  }
  if (query.snoozed === true) {
    return (
      <EmptyState title="No case is snoozed">
        A case that waits can be snoozed on its page, until a time at which it comes back by itself.
      </EmptyState>
    );
  }
  if (query.overdue === true) return <EmptyState title="No deadline has passed" />;
  if (query.state?.every((state) => state === "awaiting_review" || state === "escalated")) {
    return (
      <EmptyState title="No case is waiting for a decision">
        Cases appear here as soon as their investigation needs a person.
      </EmptyState>
    );
  }
  if (filterCount(query) > 0) {
    return (
      <EmptyState title="No case matches these filters">
        Remove a filter, or <Link to="/">show every case</Link>.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No cases yet">
      A case opens when telemetry looks like fraud, or when you <Link to="/start">open one yourself</Link>.
    </EmptyState>
  );
}

export function QueueSkeleton() {
  return (
    <div className={classes["skeleton"]} role="status" aria-label="Loading the cases">
      {Array.from({ length: 10 }, (_, index) => (
        <Skeleton key={index} height={38} />
      ))}
    </div>
  );
}
