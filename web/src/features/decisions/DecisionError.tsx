import { Button } from "@mantine/core";
import { errorMessage } from "@/shared/api/problem";
import classes from "./DecisionError.module.css";
import type { CaseReload } from "./reload-case";

interface DecisionErrorProps {
  error: unknown;
  reload: CaseReload;
}

/** Why a decision was not taken, in the server's own sentence, and the way to what the case is now. */
export function DecisionError({ error, reload }: DecisionErrorProps) {
  return (
    <div className={classes["refusal"]} role="alert">
      <p>{errorMessage(error)}</p>
      {reload.error !== null && <p>{errorMessage(reload.error)}</p>}
      <Button size="xs" variant="default" loading={reload.isPending} onClick={reload.start}>
        Reload the case
      </Button>
    </div>
  );
}
