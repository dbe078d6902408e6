import { useState } from "react";
import type { DeadLetterFilter } from "@/api/types";
import { usePageTitle } from "@/app/use-page-title";
import { DeadLetterCounts } from "@/features/dead-letters/DeadLetterCounts";
import { DeadLetterList } from "@/features/dead-letters/DeadLetterList";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { EmptyState } from "@/shared/ui/States";
import classes from "./Page.module.css";

/** Telemetry that was not evaluated. For managers. */
export function DeadLettersPage() {
  const may = mayActAs(useIdentity(), "manager");
  const [filter, setFilter] = useState<DeadLetterFilter>({});
  usePageTitle("Dead letters");
  return (
    <div className={classes["page"]}>
      <h1>Dead letters</h1>
      {may ? (
        <>
          <DeadLetterCounts onChoose={setFilter} />
          <DeadLetterList filter={filter} onFilter={setFilter} />
        </>
      ) : (
        <EmptyState title="Only managers see dead letters">Ask a manager of your desk.</EmptyState>
      )}
    </div>
  );
}
