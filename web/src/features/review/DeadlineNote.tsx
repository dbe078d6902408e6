import type { CaseEvent, CaseView, ReviewRequest } from "@/api/types";
import { hasDone } from "@/shared/desk/done";
import { Time } from "@/shared/ui/Time";
import { useNow } from "@/shared/use-now";
import classes from "./DecisionPanel.module.css";

interface DeadlineNoteProps {
  view: CaseView;
  review: ReviewRequest;
  events: readonly CaseEvent[];
}

/** Until when an answer is wanted, who was reminded, and what happens after. */
export function DeadlineNote({ view, review, events }: DeadlineNoteProps) {
  const now = useNow();
  const mine = events.filter(({ data }) => data["review_id"] === review.review_id);
  const reminded = mine.findLast(({ type }) => type === "review_reminded");
  const escalation = events.findLast(({ type }) => type === "escalated");
  const reason = escalation?.data["reason"];
  const broke = breaksOf(view, events);
  const stranded = broke >= MOST_BREAKS;
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
        <dt>Answer by</dt>
        <dd>
          <Time at={review.due_at} format="day" />
          <span className={classes["why"]}>
            {stranded
              ? `The investigation broke ${broke} times and may not go on by itself: the case then stays open until a manager answers.`
              : view.state === "escalated"
                ? `After that it closes as unresolved and nothing ${hasDone(view) ? "more " : ""}is done.`
                : "After that a manager is asked."}
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
        !stranded && (
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

/** With so many breaks in a row the casebook no longer starts a case again: nobody watches its deadline. */
const MOST_BREAKS = 3;

/** How often the investigation broke since a person decided last. */
function breaksOf(view: CaseView, events: readonly CaseEvent[]): number {
  const last = events.findLast(({ type }) => type === "investigation_broke");
  const decided = view.decisions.at(-1)?.decided_at;
  if (last === undefined || (decided !== undefined && Date.parse(last.at) < Date.parse(decided))) return 0;
  return Number(last.data["breaks"] ?? 0);
}
