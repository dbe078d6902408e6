import type { CaseEvent, FraudCaseView, ReviewRequest } from "@/api/types";
import { hasCompletedEffect } from "@/shared/cases/effect-status";
import { Time } from "@/shared/ui/Time";
import { useNow } from "@/shared/use-now";
import { retryDelayNote } from "./orchestration-failures";
import classes from "./DecisionPanel.module.css";

interface ReviewDeadlineProps {
  view: FraudCaseView;
  review: ReviewRequest;
  events: readonly CaseEvent[];
}

/** When the review is due, who was reminded, and what happens afterwards. */
export function ReviewDeadline({ view, review, events }: ReviewDeadlineProps) {
  const now = useNow();
  const mine = events.filter(({ data }) => data["review_id"] === review.review_id);
  const reminded = mine.findLast(({ type }) => type === "review_reminded");
  const escalation = events.findLast(({ type }) => type === "escalated");
  const reason = escalation?.data["reason"];
  const retryNote = retryDelayNote(view, events);
  return (
    <dl className={classes["deadline"]}>
      {view.state === "escalated" && escalation !== undefined && (
        <div data-tone="high">
          <dt>Escalated</dt>
          <dd>
            <Time at={escalation.at} format="day" />
            {typeof reason === "string" && <span className={classes["why"]}>{reason}</span>}
          </dd>
        </div>
      )}
      <div data-tone={Date.parse(review.due_at) <= now ? "bad" : undefined}>
        <dt>Due</dt>
        <dd>
          <Time at={review.due_at} format="day" />
          <span className={classes["why"]}>
            {view.state === "escalated"
              ? `After that it closes as unresolved and nothing ${hasCompletedEffect(view) ? "more " : ""}is done.`
              : "After that it is escalated to a manager."}
            {retryNote !== undefined && ` ${retryNote}`}
          </span>
        </dd>
      </div>
      {reminded !== undefined ? (
        <div>
          <dt>Reminded</dt>
          <dd>
            <Time at={reminded.at} format="day" />
          </dd>
        </div>
      ) : (
        review.remind_at != null &&
        retryNote === undefined && (
          <div>
            <dt>Reminder</dt>
            <dd>
              <Time at={review.remind_at} format="day" />
            </dd>
          </div>
        )
      )}
    </dl>
  );
}
