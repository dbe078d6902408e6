import { usePageTitle } from "@/app/use-page-title";
import { SessionsPanel } from "@/features/sessions/SessionsPanel";
import classes from "./Page.module.css";

/** Where one is signed in. */
export function SessionsPage() {
  usePageTitle("Sessions");
  return (
    <div className={`${classes["page"]} ${classes["narrow"]}`}>
      <h1>Sessions</h1>
      <SessionsPanel />
    </div>
  );
}
