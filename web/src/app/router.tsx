import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { parseQueueQuery } from "@/shared/queue/query";
import { loadPage, loadWhenIdle } from "./load-page";
import { NotFound, PageError, PagePending } from "./PageStates";
import { Shell } from "./Shell";

interface CaseSearch {
  /** The evidence whose drawer is open, so that it can be linked. */
  evidence?: string;
}

interface RulesSearch {
  rule?: string;
}

interface TasksSearch {
  /** One's own, unless it says otherwise. */
  whose?: "me" | "all";
  state?: "open" | "completed";
  overdue?: boolean;
}

interface ChatSearch {
  /** Whose conversation is shown. */
  user?: string;
}

interface AnalyticsSearch {
  days?: number;
}

const pages = {
  desk: () => import("./pages/DeskPage"),
  case: () => import("./pages/CasePage"),
  start: () => import("./pages/StartPage"),
  tasks: () => import("./pages/TasksPage"),
  chat: () => import("./pages/ChatPage"),
  analytics: () => import("./pages/AnalyticsPage"),
  webhooks: () => import("./pages/WebhooksPage"),
  deadLetters: () => import("./pages/DeadLettersPage"),
  rules: () => import("./pages/RulesPage"),
  settings: () => import("./pages/SettingsPage"),
  sessions: () => import("./pages/SessionsPage"),
  security: () => import("./pages/SecurityPage"),
  signedIn: () => import("./pages/SignedInPage"),
};
loadWhenIdle(pages.desk, pages.case, pages.start);

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const deskRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: parseQueueQuery,
  component: lazyRouteComponent(() => loadPage(pages.desk), "DeskPage"),
});

const caseRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cases/$caseId",
  validateSearch: (search: Record<string, unknown>): CaseSearch => {
    const evidence = search["evidence"];
    return typeof evidence === "string" && evidence !== "" ? { evidence } : {};
  },
  component: lazyRouteComponent(() => loadPage(pages.case), "CasePage"),
});

const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/start",
  component: lazyRouteComponent(() => loadPage(pages.start), "StartPage"),
});

const tasksRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/tasks",
  validateSearch: (search: Record<string, unknown>): TasksSearch => ({
    ...(search["whose"] === "all" && { whose: "all" }),
    ...(search["state"] === "completed" && { state: "completed" }),
    ...(search["overdue"] === true && { overdue: true }),
  }),
  component: lazyRouteComponent(() => loadPage(pages.tasks), "TasksPage"),
});

const chatRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/chat",
  validateSearch: (search: Record<string, unknown>): ChatSearch => {
    // A user's id may look like a number.
    const user = search["user"];
    return typeof user === "string" || typeof user === "number" ? { user: String(user) } : {};
  },
  component: lazyRouteComponent(() => loadPage(pages.chat), "ChatPage"),
});

const analyticsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/analytics",
  validateSearch: (search: Record<string, unknown>): AnalyticsSearch => {
    const days = Number(search["days"]);
    return Number.isInteger(days) && days >= 1 && days <= 366 ? { days } : {};
  },
  component: lazyRouteComponent(() => loadPage(pages.analytics), "AnalyticsPage"),
});

const webhooksRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/webhooks",
  component: lazyRouteComponent(() => loadPage(pages.webhooks), "WebhooksPage"),
});

const deadLettersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/dead-letters",
  component: lazyRouteComponent(() => loadPage(pages.deadLetters), "DeadLettersPage"),
});

const rulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/rules",
  validateSearch: (search: Record<string, unknown>): RulesSearch =>
    typeof search["rule"] === "string" ? { rule: search["rule"] } : {},
  component: lazyRouteComponent(() => loadPage(pages.rules), "RulesPage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  component: lazyRouteComponent(() => loadPage(pages.settings), "SettingsPage"),
});

const sessionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sessions",
  component: lazyRouteComponent(() => loadPage(pages.sessions), "SessionsPage"),
});

const securityRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/security",
  component: lazyRouteComponent(() => loadPage(pages.security), "SecurityPage"),
});

const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/signed-in",
  component: lazyRouteComponent(() => loadPage(pages.signedIn), "SignedInPage"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    deskRoute,
    caseRoute,
    startRoute,
    tasksRoute,
    chatRoute,
    analyticsRoute,
    webhooksRoute,
    deadLettersRoute,
    rulesRoute,
    settingsRoute,
    sessionsRoute,
    securityRoute,
    signedInRoute,
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: PageError,
  defaultPendingComponent: PagePending,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
