import { Link, Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { NextCaseButton } from "@/features/claims/NextCaseButton";
import { IdentityMenu } from "@/features/session/IdentityMenu";
import { useConfig } from "@/shared/api/config";
import { mayActAs, useIdentity, useSession } from "@/shared/api/session";
import { PlusIcon } from "@/shared/ui/icons";
import { focusIfLost } from "@/shared/focus";
import { Logo } from "@/shared/ui/Logo";
import { RulesModelTag } from "@/shared/ui/RulesModelTag";
import { AuthModeBanner } from "./AuthModeBanner";
import { LiveIndicator } from "./LiveIndicator";
import { ServiceBanner } from "./ServiceBanner";
import classes from "./Shell.module.css";
import { ThemeMenu } from "./ThemeMenu";

/** The frame around every page. */
export function Shell() {
  const config = useConfig();
  const identity = useIdentity();
  const personas = useSession().data?.personas ?? [];
  const navigate = useNavigate();
  const working = mayActAs(identity, "analyst");
  useFocusOnPage();
  return (
    <>
      <a href="#main" className={classes["skip"]}>
        Skip to the content
      </a>
      <header className={classes["header"]}>
        <Link to="/" className={classes["brand"]}>
          <Logo />
          Casewright
        </Link>
        <nav className={classes["nav"]} aria-label="Main">
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }} className={classes["tab"]}>
            Desk
          </Link>
          {working && (
            <Link to="/start" className={classes["tab"]}>
              <PlusIcon size={13} /> Open a case
            </Link>
          )}
          <Link to="/tasks" activeOptions={{ includeSearch: false }} className={classes["tab"]}>
            Tasks
          </Link>
          <Link to="/chat" activeOptions={{ includeSearch: false }} className={classes["tab"]}>
            Chat
          </Link>
          <Link to="/analytics" activeOptions={{ includeSearch: false }} className={classes["tab"]}>
            Analytics
          </Link>
          <Link to="/rules" className={classes["tab"]}>
            Rules
          </Link>
          {mayActAs(identity, "admin") && (
            <>
              <Link to="/webhooks" className={classes["tab"]}>
                Webhooks
              </Link>
              <Link to="/security" className={classes["tab"]}>
                Security
              </Link>
            </>
          )}
          {mayActAs(identity, "manager") && (
            <>
              <Link to="/dead-letters" className={classes["tab"]}>
                Dead letters
              </Link>
              <Link to="/settings" className={classes["tab"]}>
                Settings
              </Link>
            </>
          )}
        </nav>
        <div className={classes["right"]}>
          <RulesModelTag model={config.data?.model} />
          <LiveIndicator />
          {working && (
            <NextCaseButton
              onCase={(caseId) => void navigate({ to: "/cases/$caseId", params: { caseId } })}
            />
          )}
          {identity !== null && <IdentityMenu identity={identity} personas={personas} />}
          <ThemeMenu />
        </div>
      </header>
      <AuthModeBanner />
      <ServiceBanner />
      <main id="main" className={classes["main"]} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

/** After a link, keyboard focus is on the new page and not at the top of the document. */
function useFocusOnPage(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ pathChanged }) => {
        if (pathChanged) focusIfLost("main");
      }),
    [router],
  );
}
