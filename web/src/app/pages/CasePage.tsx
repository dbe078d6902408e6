import { Skeleton } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { CaseView } from "@/api/types";
import { usePageTitle } from "@/app/use-page-title";
import { AccessesPanel } from "@/features/accesses/AccessesPanel";
import { AlertsPanel } from "@/features/alert/AlertsPanel";
import { alertEvents } from "@/shared/cases/alert-events";
import { AssignmentLine } from "@/features/assignment/AssignmentLine";
import { CaseHeader } from "@/features/cases/CaseHeader";
import { useCase } from "@/features/cases/get-case";
import { AttachmentsPanel } from "@/features/attachments/AttachmentsPanel";
import { ClaimBanner } from "@/features/claims/ClaimBanner";
import { EffectsPanel } from "@/features/effects/EffectsPanel";
import { FactsChangedNotice } from "@/features/effects/FactsChangedNotice";
import { EvidenceDrawer } from "@/features/evidence/EvidenceDrawer";
import { AssessmentPanel } from "@/features/investigation/AssessmentPanel";
import { EarlierRounds } from "@/features/investigation/EarlierRounds";
import { SpecialistsPanel } from "@/features/investigation/SpecialistsPanel";
import { NotesPanel } from "@/features/notes/NotesPanel";
import { DecisionPanel } from "@/features/decisions/DecisionPanel";
import { ExportButtons } from "@/features/cases/ExportButtons";
import { useMilestones } from "@/features/timeline/get-case-events";
import { ReopenBanner } from "@/features/reopening/ReopenBanner";
import { SnoozeBanner } from "@/features/snooze/SnoozeBanner";
import { Timeline } from "@/features/timeline/Timeline";
import { useConfig } from "@/shared/api/config";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { humanise } from "@/shared/format/labels";
import { ErrorState } from "@/shared/ui/States";
import classes from "./CasePage.module.css";

const route = getRouteApi("/cases/$caseId");
const DEFAULT_THRESHOLD = 0.6;

/** One case: what was noticed, what was found, and the decision. */
export function CasePage() {
  const { caseId } = route.useParams();
  const found = useCase(caseId);
  const subject = useIdentity()?.subject ?? "";
  usePageTitle(
    found.data
      ? `${humanise(found.data.alert.alert_type)}, customer ${found.data.alert.customer_id}`
      : "Case",
  );
  if (found.isPending) return <CaseSkeleton />;
  if (found.data === undefined) {
    return (
      <ErrorState
        heading="This case cannot be shown"
        error={found.error}
        onRetry={() => void found.refetch()}
        retrying={found.isFetching}
      >
        <Link to="/">Go to the desk</Link>
      </ErrorState>
    );
  }
  // What one person has begun is never shown to another.
  return <CaseContent key={`${caseId} ${subject}`} view={found.data} outdated={found.isRefetchError} />;
}

function CaseContent({ view, outdated }: { view: CaseView; outdated: boolean }) {
  const { evidence } = route.useSearch();
  const navigate = route.useNavigate();
  const events = useMilestones(view.case_id);
  const managing = mayActAs(useIdentity(), "manager");
  const threshold = useConfig().data?.auto_clear_threshold ?? DEFAULT_THRESHOLD;
  const show = (id: string | undefined) =>
    void navigate({ search: id === undefined ? {} : { evidence: id }, replace: true, resetScroll: false });
  return (
    <>
      <CaseHeader view={view} outdated={outdated} actions={<ExportButtons caseId={view.case_id} />} />
      <ClaimBanner view={view} />
      <AssignmentLine view={view} />
      <SnoozeBanner view={view} />
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

function CaseSkeleton() {
  return (
    <div className={classes["columns"]} role="status" aria-label="Loading the case">
      <div className={classes["story"]}>
        <Skeleton height={150} />
        <Skeleton height={280} />
        <Skeleton height={180} />
      </div>
      <div className={classes["side"]}>
        <Skeleton height={260} />
        <Skeleton height={320} />
      </div>
    </div>
  );
}
