import { usePageTitle } from "@/app/use-page-title";
import { AssignmentForm } from "@/features/assignment/AssignmentForm";
import { DeskLogPanel } from "@/features/desk-log/DeskLogPanel";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { EmptyState } from "@/shared/ui/States";
import classes from "./Page.module.css";

/** What managers set for the desk, and what was changed of it. */
export function SettingsPage() {
  const identity = useIdentity();
  usePageTitle("Settings");
  return (
    <div className={`${classes["page"]} ${classes["narrow"]}`}>
      <h1>Settings</h1>
      {mayActAs(identity, "manager") ? (
        <>
          <AssignmentForm key={identity?.subject} />
          <DeskLogPanel />
        </>
      ) : (
        <EmptyState title="Only managers change settings">Ask a manager of your desk.</EmptyState>
      )}
    </div>
  );
}
