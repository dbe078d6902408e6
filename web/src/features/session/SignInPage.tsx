import { useEffect } from "react";
import type { Identity } from "@/api/types";
import { Logo } from "@/shared/ui/Logo";
import { PersonaPicker } from "./PersonaPicker";
import classes from "./SignInPage.module.css";

/** The first thing that anybody sees: who are you? */
export function SignInPage({ personas }: { personas: readonly Identity[] }) {
  useEffect(() => {
    document.title = "Sign in · Casewright";
  }, []);
  return (
    <main className={classes["page"]}>
      <div className={classes["brand"]}>
        <Logo size={34} />
        <span>Casewright</span>
      </div>
      <h1>Who is at the desk?</h1>
      <p>
        Every claim, note and decision is recorded under this name. This installation runs on one machine and
        asks for no password.
      </p>
      <PersonaPicker personas={personas} />
    </main>
  );
}
