import { getRouteApi } from "@tanstack/react-router";
import type { FraudCaseView } from "@/api/types";
import { WhoseCase } from "./WhoseCase";
import classes from "@/app/pages/CasePage.module.css";
import { AccessesPanel } from "@/features/accesses/AccessesPanel";
import { AlertsPanel } from "@/features/alert/AlertsPanel";
import { alertEvents } from "@/shared/cases/alert-events";
import { CaseHeader } from "@/features/cases/CaseHeader";
import { AttachmentsPanel } from "@/features/attachments/AttachmentsPanel";
import { EffectsPanel } from "@/features/effects/EffectsPanel";
import { FactsChangedNotice } from "@/features/effects/FactsChangedNotice";
import { EvidenceDrawer } from "@/features/evidence/EvidenceDrawer";
import { AssessmentPanel } from "@/features/investigation/AssessmentPanel";
import { EarlierRounds } from "@/features/investigation/EarlierRounds";
import { SpecialistsPanel } from "@/features/investigation/SpecialistsPanel";
import { CaseTasksPanel } from "@/features/tasks/CaseTasksPanel";
import { NotesPanel } from "@/features/notes/NotesPanel";
import { DecisionPanel } from "@/features/decisions/DecisionPanel";
import { ExportButtons } from "@/features/cases/ExportButtons";
import { useMilestones } from "@/features/timeline/get-case-events";
import { LegalHoldLine } from "@/features/legal-hold/LegalHoldLine";
import { ReopenBanner } from "@/features/reopening/ReopenBanner";
import { SnoozeBanner } from "@/features/snooze/SnoozeBanner";
import { Timeline } from "@/features/timeline/Timeline";
import { useConfig } from "@/shared/api/config";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { humanise } from "@/shared/format/labels";

const route = getRouteApi("/cases/$caseId");
const DEFAULT_THRESHOLD = 0.6;

/** What a case of fraud is about, and whom. */
export const fraudTitle = ({ alert }: FraudCaseView) => ({
  what: humanise(alert.alert_type),
  whom: `Customer ${alert.customer_id}`,
});

/** A case of fraud: what was noticed, what was found, and the decision. */
export function FraudCase({ view, outdated }: { view: FraudCaseView; outdated: boolean }) {
  const { evidence } = route.useSearch();
  const navigate = route.useNavigate();
  const events = useMilestones(view.case_id);
  const managing = mayActAs(useIdentity(), "manager");
  const threshold = useConfig().data?.auto_clear_threshold ?? DEFAULT_THRESHOLD;
  const show = (id: string | undefined) =>
    void navigate({ search: id === undefined ? {} : { evidence: id }, replace: true, resetScroll: false });
  return (
    <>
      <CaseHeader
        view={view}
        title={fraudTitle(view)}
        reversals={view.reversals}
        outdated={outdated}
        actions={<ExportButtons caseId={view.case_id} />}
      />
      <WhoseCase view={view} />
      <SnoozeBanner view={view} />
      <LegalHoldLine view={view} />
      <ReopenBanner view={view} />
      <div className={classes["columns"]}>
        <div className={classes["story"]}>
          <FactsChangedNotice view={view} events={events.data} />
          <AlertsPanel view={view} />
          <AssessmentPanel
            assessment={view.assessment}
            working={view.state === "investigating"}
            threshold={threshold}
          />
          <SpecialistsPanel view={view} events={events.data} threshold={threshold} onOpenEvidence={show} />
          <EarlierRounds
            rounds={view.earlier_rounds}
            events={alertEvents(view)}
            threshold={threshold}
            onOpenEvidence={show}
          />
          <CaseTasksPanel caseId={view.case_id} />
          <NotesPanel caseId={view.case_id} />
          <AttachmentsPanel caseId={view.case_id} />
        </div>
        <aside className={classes["side"]} aria-label="Decision and timeline">
          <DecisionPanel view={view} events={events.data} />
          <EffectsPanel view={view} />
          <Timeline caseId={view.case_id} />
          {managing && <AccessesPanel caseId={view.case_id} />}
        </aside>
      </div>
      <EvidenceDrawer
        caseId={view.case_id}
        events={alertEvents(view)}
        evidenceId={evidence}
        onClose={() => show(undefined)}
      />
    </>
  );
}
