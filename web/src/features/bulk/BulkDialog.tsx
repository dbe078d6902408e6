import { Button, Loader, Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import type { CaseSummary } from "@/api/types";
import { useRequiredFields } from "@/shared/api/required-fields";
import { useActorName } from "@/shared/api/session";
import { ErrorState } from "@/shared/ui/States";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useApplyBulk } from "./apply-bulk";
import type { BulkRequest } from "./bulk-request";
import { usePreviewBulk } from "./preview-bulk";
import classes from "./BulkBar.module.css";
import { BulkResultList } from "./BulkResultList";

interface BulkDialogProps {
  order: BulkRequest;
  cases: readonly CaseSummary[];
  onClose: () => void;
  /** Everything was carried out: the selection has served. */
  onDone: () => void;
}

/** Shows what would happen to each case, does it when confirmed, and then shows what did happen. */
export function BulkDialog({ order, cases, onClose, onDone }: BulkDialogProps) {
  const preview = usePreviewBulk();
  const apply = useApplyBulk();
  const words = useWords(order);
  const [comment, setComment] = useState("");
  const { mutate: look } = preview;
  // Fetched once, when the dialog opens: the confirmation is bound to what was shown.
  const [caseIds] = useState(() => cases.map(({ case_id }) => case_id));
  useEffect(() => look({ ...order, caseIds }), [look, order, caseIds]);

  const items = preview.data ?? [];
  const possible = items.filter(({ ok }) => ok);
  const done = apply.data !== undefined;
  // A bulk action brings a disposition and a reason code by itself.
  const required = useRequiredFields("clear");
  const needsComment = order.action === "close_false_positive" && required.includes("comment");
  const close = () => {
    if (done) onDone();
    onClose();
  };
  const carryOut = () => {
    const said = comment.trim();
    apply.mutate({ ...order, items: possible, ...(said !== "" && { comment: said }) });
  };
  return (
    <Dialog
      opened
      onClose={close}
      title={<strong>{done ? words.done : words.title}</strong>}
      size={620}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {preview.isError ? (
        <ErrorState
          error={preview.error}
          onRetry={() => look({ ...order, caseIds })}
          retrying={preview.isPending}
        />
      ) : preview.data === undefined ? (
        <div className={classes["waiting"]} role="status">
          <Loader size={16} /> Looking at {cases.length === 1 ? "the case" : `${cases.length} cases`}…
        </div>
      ) : (
        <>
          <BulkResultList
            cases={cases}
            items={done ? [...apply.data, ...items.filter(({ ok }) => !ok)] : items}
            okWord={done ? words.doneWord : words.possibleWord}
          />
          {!done && (order.action === "close_false_positive" || order.action === "snooze") && (
            <Textarea
              className={classes["comment"] ?? ""}
              label={order.action === "snooze" ? "Reason" : "Comment"}
              description={
                order.action === "snooze"
                  ? "Recorded with each snooze."
                  : "Recorded with each of the decisions."
              }
              required={needsComment}
              value={comment}
              onChange={(event) => setComment(event.currentTarget.value)}
              maxLength={4_000}
              minRows={2}
            />
          )}
          <RefusedChange of={[apply]} className={classes["error"]} />
          <div className={classes["buttons"]}>
            <Button variant="default" onClick={close}>
              {done ? "Close" : "Cancel"}
            </Button>
            {!done && (
              <Button
                onClick={carryOut}
                disabled={possible.length === 0 || (needsComment && comment.trim() === "")}
                loading={apply.isPending}
              >
                {words.action(possible.length)}
              </Button>
            )}
          </div>
        </>
      )}
    </Dialog>
  );
}

const casesOf = (count: number): string => (count === 1 ? "1 case" : `${count} cases`);

function useWords({ action, assignee }: BulkRequest) {
  const name = useActorName()(assignee ?? "");
  switch (action) {
    case "claim":
      return {
        title: "Claim these cases?",
        done: "Claimed",
        possibleWord: "will be yours",
        doneWord: "yours now",
        action: (count: number) => `Claim ${casesOf(count)}`,
      };
    case "assign":
      return {
        title: `Assign these cases to ${name}?`,
        done: `Assigned to ${name}`,
        possibleWord: `will be ${name}'s`,
        doneWord: `${name}'s now`,
        action: (count: number) => `Assign ${casesOf(count)}`,
      };
    case "snooze":
      return {
        title: "Snooze these cases?",
        done: "Snoozed",
        possibleWord: "will be snoozed",
        doneWord: "snoozed",
        action: (count: number) => `Snooze ${casesOf(count)}`,
      };
    case "close_false_positive":
      return {
        title: "Close these cases as false positives?",
        done: "Closed as false positives",
        possibleWord: "will be cleared",
        doneWord: "cleared",
        action: (count: number) => `Close ${casesOf(count)}`,
      };
  }
}
