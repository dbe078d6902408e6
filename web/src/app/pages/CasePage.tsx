import { Skeleton } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CaseOfKind, titleOf } from "@/app/kinds/CaseOfKind";
import { usePageTitle } from "@/app/use-page-title";
import { PersonalDataToggle } from "@/features/personal-data/PersonalDataToggle";
import { useCase } from "@/features/cases/get-case";
import { useIdentity } from "@/shared/api/session";
import { ErrorState } from "@/shared/ui/States";
import classes from "./CasePage.module.css";

const route = getRouteApi("/cases/$caseId");

/** One case: what it is about, what was found, and the decision. */
export function CasePage() {
  const { caseId } = route.useParams();
  const found = useCase(caseId);
  const subject = useIdentity()?.subject ?? "";
  usePageTitle(found.data ? pageTitle(titleOf(found.data)) : "Case");
  const user = found.data?.kind === "reply" ? found.data.subject?.user_id : undefined;
  return (
    <>
      {/* Outside of what it changes: it stays where the focus is while that is read again. */}
      <PersonalDataToggle key={caseId} caseId={caseId} userId={user} />
      <Content found={found} of={`${caseId} ${subject}`} />
    </>
  );
}

function Content({ found, of }: { found: ReturnType<typeof useCase>; of: string }) {
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
  return <CaseOfKind key={of} view={found.data} outdated={found.isRefetchError} />;
}

const pageTitle = ({ what, whom }: { what: string; whom: string | null }) =>
  whom === null ? what : `${what}, ${whom.toLowerCase()}`;

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
