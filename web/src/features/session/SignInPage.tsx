import { useEffect } from "react";
import type { Session } from "@/api/types";
import { Logo } from "@/shared/ui/Logo";
import { PersonaPicker } from "./PersonaPicker";
import { ProviderSignIn } from "./ProviderSignIn";
import classes from "./SignInPage.module.css";

const WORTH: Record<Session["auth_mode"], string> = {
  local: "This installation runs on one machine and asks for no password.",
  demo: "This is a demonstration: anybody may be anybody.",
  oidc: "Your organisation's sign-in says which one it is.",
};

/** The first thing that anybody sees: who are you? */
export function SignInPage({ session }: { session: Session }) {
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
      <p>Every claim, note and decision is recorded under this name. {WORTH[session.auth_mode]}</p>
      {session.auth_mode === "oidc" ? <ProviderSignIn /> : <PersonaPicker personas={session.personas} />}
    </main>
  );
}
