import { usePageTitle } from "@/app/use-page-title";
import { SecurityLogPanel } from "@/features/security-log/SecurityLogPanel";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { EmptyState } from "@/shared/ui/States";
import classes from "./Page.module.css";

/** Who signed in, was refused or took something away. For admins. */
export function SecurityPage() {
  const may = mayActAs(useIdentity(), "admin");
  usePageTitle("Security");
  return (
    <div className={`${classes["page"]} ${classes["narrow"]}`}>
      <h1>Security</h1>
      {may ? (
        <SecurityLogPanel />
      ) : (
        <EmptyState title="Only admins read the security log">Ask an admin of your desk.</EmptyState>
      )}
    </div>
  );
}
