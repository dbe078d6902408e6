import { useNavigate } from "@tanstack/react-router";
import { usePageTitle } from "@/app/use-page-title";
import { StartCaseForm } from "@/features/start/StartCaseForm";
import { Panel } from "@/shared/ui/Panel";
import classes from "./StartPage.module.css";

/** Open a case by hand. */
export function StartPage() {
  const navigate = useNavigate();
  usePageTitle("Open a case");
  return (
    <div className={classes["page"]}>
      <h1>Open a case</h1>
      <p>
        When you see something that no rule noticed. The three specialists look at the customer's records at
        once; nothing is done to the account without a person's decision.
      </p>
      <Panel title="What you saw">
        <StartCaseForm onStarted={(caseId) => void navigate({ to: "/cases/$caseId", params: { caseId } })} />
      </Panel>
    </div>
  );
}
