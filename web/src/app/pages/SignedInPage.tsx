import { useEffect } from "react";
import { usePageTitle } from "@/app/use-page-title";
import { tellOtherTabs } from "@/features/session/other-tabs";
import classes from "./Page.module.css";

/** The end of a sign-in beside the tab in which somebody works. */
export function SignedInPage() {
  usePageTitle("Signed in");
  useEffect(() => {
    tellOtherTabs();
    window.close();
  }, []);
  return (
    <div className={`${classes["page"]} ${classes["narrow"]}`}>
      <h1>You are signed in</h1>
      <p>Close this tab and go on in the one that you came from.</p>
    </div>
  );
}
