import { Button } from "@mantine/core";
import { useState } from "react";
import type { FraudCaseView } from "@/api/types";
import { errorMessage } from "@/shared/api/problem";
import { useIdentity } from "@/shared/api/session";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { CaseLink } from "./CaseLink";
import classes from "./AlertsPanel.module.css";
import { mayMoveAlerts, useMergeCase, useMergeTargets } from "./move-alerts";

/** Other open cases of the customer, and how to make this one part of them. */
export function MergeButtons({ view }: { view: FraudCaseView }) {
  const allowed = mayMoveAlerts(view, useIdentity());
  const targets = useMergeTargets(view, allowed).data ?? [];
  const [into, setInto] = useState<string>();
  const merge = useMergeCase(view.case_id);
  if (!allowed || targets.length === 0) return null;
  return (
    <>
      {targets.map(({ case_id }) => (
        <li key={case_id}>
          Also open: <CaseLink id={case_id} />{" "}
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => setInto(case_id)}
            loading={merge.isPending}
          >
            Merge into it…
          </Button>
        </li>
      ))}
      {merge.isError && (
        <li className={classes["error"]} role="alert">
          {errorMessage(merge.error)}
        </li>
      )}
      {into !== undefined && (
        <ReasonDialog
          title="Merge this case?"
          note={`Its alerts join ${into}, which is investigated again, and this case is closed. Detaching its alert takes that back until that case is decided.`}
          action="Merge"
          onReason={(reason) => merge.mutate({ into, reason })}
          onClose={() => setInto(undefined)}
        />
      )}
    </>
  );
}
