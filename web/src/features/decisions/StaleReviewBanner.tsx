import { Button } from "@mantine/core";
import type { FraudCaseView, ReviewRequest } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import classes from "./DecisionPanel.module.css";

interface StaleReviewBannerProps {
  view: FraudCaseView;
  /** The review that was read. */
  seen: ReviewRequest;
  onShow: () => void;
}

/** The case changed under its reader: what happened, and the way to look at it. */
export function StaleReviewBanner({ view, seen, onShow }: StaleReviewBannerProps) {
  const nameOf = useActorName();
  return (
    <div className={classes["stale"]} role="alert">
      <p>{whatJoined(view, seen) ?? whatChanged(view, nameOf)}</p>
      <Button size="xs" variant="default" onClick={onShow}>
        {view.review === null ? "Show it as it is now" : "Look at the new assessment"}
      </Button>
    </div>
  );
}

/** The alerts that overtook the review that was read. */
function whatJoined({ alerts, decisions, review }: FraudCaseView, seen: ReviewRequest): string | undefined {
  const wasDecided = decisions.some(({ review_id }) => review_id === seen.review_id);
  const read = Number(seen.review_id.split(":r").at(-1));
  const joined = alerts.filter(({ round }) => round === null || round > read);
  if (wasDecided || joined.length === 0) return undefined;
  const what = joined.map(({ alert }) => alert.description).join(" ");
  const next =
    review === null
      ? "It is being investigated, and you are asked again."
      : "Look at the new assessment before you answer.";
  return `New evidence joined this case while you were reading: ${what} What you typed is kept. ${next}`;
}

function whatChanged(view: FraudCaseView, nameOf: (actor: string) => string): string {
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
