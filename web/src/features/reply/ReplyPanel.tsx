import type { ReplyCaseView } from "@/api/types";
import { Difference } from "@/shared/ui/Difference";
import { ModelName } from "@/shared/ui/ModelName";
import { wallTime } from "@/shared/format/wall-time";
import { Panel } from "@/shared/ui/Panel";
import { Time } from "@/shared/ui/Time";
import classes from "./ReplyPanel.module.css";

const DONE = { create: "Make", complete: "Complete", delete: "Delete" } as const;

type PlannedTaskChange = NonNullable<NonNullable<ReplyCaseView["draft"]>["task_changes"]>[number];

const taskChange = ({ change, title, due }: PlannedTaskChange): string =>
  `${DONE[change]} “${title}”${due == null ? "" : `, due ${wallTime(due)}`}`;

/** The message, why its reply needs a person, and the draft. Both texts are data, shown as they are. */
export function ReplyPanel({ view: { subject, draft, edited } }: { view: ReplyCaseView }) {
  if (subject === null) {
    return (
      <Panel title="Message and draft" id="reply">
        <p className={classes["none"]}>The conversation was erased: its texts are gone.</p>
      </Panel>
    );
  }
  return (
    <Panel title="Message and draft" id="reply">
      <section aria-label="Message">
        <h3 className={classes["who"]}>
          {subject.user_id}, <Time at={subject.received_at} />
        </h3>
        <blockquote className={classes["text"]}>{subject.message}</blockquote>
      </section>
      <section aria-label="Why a person is asked">
        <h3 className={classes["who"]}>Why a person is asked</h3>
        <ul className={classes["reasons"]}>
          {subject.flagged_because.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      </section>
      <section aria-label="Draft">
        <h3 className={classes["who"]}>
          Draft{draft !== null && " by "}
          {draft !== null && <ModelName model={draft.model} />}
        </h3>
        {draft === null ? (
          <p className={classes["none"]}>Nothing is drafted yet.</p>
        ) : (
          <blockquote className={classes["text"]}>{draft.text}</blockquote>
        )}
      </section>
      {draft?.task_changes != null && draft.task_changes.length > 0 && (
        <section aria-label="Done when it is sent">
          <h3 className={classes["who"]}>Done with the user's tasks when it is sent, edited or not</h3>
          <ul className={classes["reasons"]}>
            {draft.task_changes.map((change) => (
              <li key={`${change.change} ${change.task_id}`}>{taskChange(change)}</li>
            ))}
          </ul>
        </section>
      )}
      {edited !== null && (
        <section aria-label="Sent instead">
          <h3 className={classes["who"]}>Sent instead</h3>
          <blockquote className={classes["text"]}>{edited.text}</blockquote>
          {draft !== null && (
            <>
              <h3 className={classes["who"]}>Changes to the draft</h3>
              <Difference before={draft.text} after={edited.text} />
            </>
          )}
        </section>
      )}
    </Panel>
  );
}
