import type { CommonCase } from "@/api/types";
import {
  AssignmentActions,
  AssignmentLine,
  RefusedAssignment,
  useAssignmentChange,
} from "@/features/assignment/AssignmentLine";
import { ClaimBanner } from "@/features/claims/ClaimBanner";
import { useRunningClaim } from "@/features/claims/running-claim";

/** Who works on the case, and whose it is: one line where both are nobody. */
export function WhoseCase({ view }: { view: CommonCase }) {
  const change = useAssignmentChange(view);
  const inPool = useRunningClaim(view) === null && view.assignment === null;
  const pool = {
    actions: <AssignmentActions view={view} change={change} />,
    refused: <RefusedAssignment change={change} />,
  };
  return (
    <>
      <ClaimBanner view={view} pool={inPool ? pool : undefined} />
      {!inPool && <AssignmentLine view={view} change={change} />}
    </>
  );
}
