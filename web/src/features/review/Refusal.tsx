import { Button } from "@mantine/core";
import { sentenceOf } from "@/shared/api/problem";
import classes from "./Refusal.module.css";

/** Why a decision was not taken, in the server's own sentence. */
export function Refusal({ error, onReload }: { error: unknown; onReload: () => void }) {
  return (
    <div className={classes["refusal"]} role="alert">
      <p>{sentenceOf(error)}</p>
      <Button size="xs" variant="default" onClick={onReload}>
        Reload the case
      </Button>
    </div>
  );
}
