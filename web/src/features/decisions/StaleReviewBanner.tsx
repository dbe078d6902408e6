import { Button } from "@mantine/core";
import type { CaseView } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import classes from "./DecisionPanel.module.css";

/** The case changed under its reader: what happened, and the way to look at it. */
export function StaleReviewBanner({ view, onShow }: { view: CaseView; onShow: () => void }) {
  return (
    <div className={classes["stale"]} role="alert">
      <p>{whatChanged(view, useActorName())}</p>
      <Button size="xs" variant="default" onClick={onShow}>
        {view.review === null ? "Show it as it is now" : "Look at the new assessment"}
      </Button>
    </div>
  );
}

function whatChanged(view: CaseView, nameOf: (actor: string) => string): string {
  const last = view.decisions.at(-1);
  if (view.review !== null) {
    return `This case moved on while you were reading: it is in round ${view.round} with another assessment. What you typed is kept; look at the new assessment before you answer.`;
  }
  if (last !== undefined) {
    const verdict = last.verdict === "approve" ? "approved" : "rejected";
    return `${nameOf(last.decided_by)} ${verdict} this case while you were reading.`;
  }
  return "This case was decided while you were reading.";
}
