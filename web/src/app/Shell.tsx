import { Link, Outlet } from "@tanstack/react-router";
import { useConfig } from "@/shared/api/config";
import { PlusIcon } from "@/shared/ui/icons";
import { RulesModelTag } from "@/shared/ui/RulesModelTag";
import { LiveIndicator } from "./LiveIndicator";
import classes from "./Shell.module.css";
import { ThemeMenu } from "./ThemeMenu";

/** What stands around every page. */
export function Shell() {
  const config = useConfig();
  return (
    <>
      <a href="#main" className={classes["skip"]}>
        Skip to the content
      </a>
      <header className={classes["header"]}>
        <Link to="/" className={classes["brand"]}>
          <Mark />
          Casewright
        </Link>
        <nav className={classes["nav"]} aria-label="Main">
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }} className={classes["tab"]}>
            Desk
          </Link>
          <Link to="/start" className={classes["tab"]}>
            <PlusIcon size={13} /> Open a case
          </Link>
        </nav>
        <div className={classes["right"]}>
          <RulesModelTag model={config.data?.model} />
          <LiveIndicator />
          {config.data && (
            <span className={classes["user"]} title={`Roles: ${config.data.identity.roles.join(", ")}`}>
              {config.data.identity.name}
            </span>
          )}
          <ThemeMenu />
        </div>
      </header>
      <main id="main" className={classes["main"]} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#10555c" />
      <path
        d="M22.4 11.2A8 8 0 1 0 22.4 20.8"
        fill="none"
        stroke="#fff"
        strokeWidth="3.2"
        strokeLinecap="round"
      />
      <circle cx="16" cy="16" r="2.6" fill="#7fe0d3" />
    </svg>
  );
}
