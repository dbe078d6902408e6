import { Button, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { errorMessage } from "@/shared/api/problem";
import { isDialogOpen } from "@/shared/ui/Dialog";
import { NextIcon } from "@/shared/ui/icons";
import { useNextCase } from "./next-case";
import classes from "./NextCaseButton.module.css";

const NOTHING = "There is no case to claim: every one is decided, assigned or snoozed.";

/** Hands over the most urgent case; `n` does the same from anywhere. */
export function NextCaseButton({ onCase }: { onCase: (caseId: string) => void }) {
  const next = useNextCase();
  const ask = () => {
    if (next.isPending) return;
    next.mutate(undefined, { onSuccess: (found) => found !== null && onCase(found.case_id) });
  };
  useHotkeys([["n", () => !isDialogOpen() && ask()]]);
  const word = next.isError ? errorMessage(next.error) : next.data === null ? NOTHING : undefined;
  return (
    <>
      <Tooltip label="Claims the most urgent unassigned case (n)" openDelay={500}>
        <Button
          size="compact-md"
          className={classes["next"] ?? ""}
          onClick={ask}
          loading={next.isPending}
          rightSection={<kbd className={classes["key"]}>n</kbd>}
          leftSection={<NextIcon size={14} />}
        >
          Next case
        </Button>
      </Tooltip>
      <div className={classes["word"]} role="status" data-failed={next.isError} hidden={word === undefined}>
        {word}
      </div>
    </>
  );
}
