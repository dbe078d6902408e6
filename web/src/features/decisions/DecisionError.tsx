import { Button } from "@mantine/core";
import { errorMessage } from "@/shared/api/problem";
import classes from "./DecisionError.module.css";

/** Why a decision was not taken, in the server's own sentence. */
export function DecisionError({ error, onReload }: { error: unknown; onReload: () => void }) {
  return (
    <div className={classes["refusal"]} role="alert">
      <p>{errorMessage(error)}</p>
      <Button size="xs" variant="default" onClick={onReload}>
        Reload the case
      </Button>
    </div>
  );
}
