import type { ReplyCaseView } from "@/api/types";
import { WhoseCase } from "./WhoseCase";
import classes from "@/app/pages/CasePage.module.css";
import { AccessesPanel } from "@/features/accesses/AccessesPanel";
import { AttachmentsPanel } from "@/features/attachments/AttachmentsPanel";
import { CaseHeader } from "@/features/cases/CaseHeader";
import { ExportButtons } from "@/features/cases/ExportButtons";
import { CaseTasksPanel } from "@/features/tasks/CaseTasksPanel";
import { NotesPanel } from "@/features/notes/NotesPanel";
import { ReplyDecisionPanel } from "@/features/decisions/ReplyDecisionPanel";
import { Conversation } from "@/features/chat/Conversation";
import { LegalHoldLine } from "@/features/legal-hold/LegalHoldLine";
import { ReplyPanel } from "@/features/reply/ReplyPanel";
import { SnoozeBanner } from "@/features/snooze/SnoozeBanner";
import { Timeline } from "@/features/timeline/Timeline";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { Panel } from "@/shared/ui/Panel";

/** What a held reply is about, and whom. */
export const replyTitle = ({ subject }: ReplyCaseView) => ({
  what: subject === null ? "Reply in an erased conversation" : `Reply to ${subject.user_id}`,
  whom: subject?.customer_id == null ? null : `Customer ${subject.customer_id}`,
});

/** A reply that waits for a person: the message, the draft, and the decision. */
export function HeldReply({ view, outdated }: { view: ReplyCaseView; outdated: boolean }) {
  const managing = mayActAs(useIdentity(), "manager");
  return (
    <>
      <CaseHeader
        view={view}
        title={replyTitle(view)}
        outdated={outdated}
        actions={<ExportButtons caseId={view.case_id} />}
      />
      <WhoseCase view={view} />
      <SnoozeBanner view={view} />
      <LegalHoldLine view={view} />
      <div className={classes["columns"]}>
        <div className={classes["story"]}>
          <ReplyPanel view={view} />
          {view.subject !== null && (
            <Panel title="Conversation">
              <Conversation userId={view.subject.user_id} about={view.subject.turn_id} />
            </Panel>
          )}
          <CaseTasksPanel caseId={view.case_id} />
          <NotesPanel caseId={view.case_id} />
          <AttachmentsPanel caseId={view.case_id} />
        </div>
        <aside className={classes["side"]} aria-label="Decision and timeline">
          <ReplyDecisionPanel view={view} />
          <Timeline caseId={view.case_id} />
          {managing && <AccessesPanel caseId={view.case_id} />}
        </aside>
      </div>
    </>
  );
}
