import { ApiProblem } from "@/shared/api/problem";

const RELOADED_AT = "casewright.reloaded-at";
const PAUSE_MS = 60_000;
const RETRY_MS = 2_000;
const TRIES = 5;

const UNLOADABLE =
  "A part of this page cannot be loaded. Reload it; if it happens again, tell whoever runs Casewright.";

/** What the loader needs of the browser, so that tests can replace it. */
export interface BrowserEnvironment {
  isAnswering: () => Promise<boolean>;
  isOtherRelease: () => Promise<boolean>;
  reload: () => void;
  pause: () => Promise<void>;
}

/**
 * Loads the code of a page. While the server is away it waits and tries again: the tab lives, and what is on it stays.
 * Only when the server answers with another release, whose files have other names, the tab is reloaded; at most
 * once a minute, so that files which are really missing never reload it forever.
 */
export async function loadPage<T>(load: () => Promise<T>, around: BrowserEnvironment = BROWSER): Promise<T> {
  for (let failures = 0; ;) {
    try {
      return await load();
    } catch {
      if (await around.isAnswering()) {
        failures += 1;
        if ((await around.isOtherRelease()) && mayReload()) {
          around.reload();
          // The tab goes: nothing more is to be shown.
          return new Promise<T>(() => undefined);
        }
        // Never the browser's own error: the router would take it for a reason to reload at once.
        if (failures >= TRIES) throw new ApiProblem(UNLOADABLE, 0, "unloadable");
      }
      await around.pause();
    }
  }
}

function mayReload(): boolean {
  try {
    const last = Number(sessionStorage.getItem(RELOADED_AT) ?? 0);
    if (Date.now() - last < PAUSE_MS) return false;
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    return true;
  } catch {
    return false;
  }
}

async function isAnswering(): Promise<boolean> {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** Whether the start page now names another program than the one that runs in this tab. */
async function isOtherRelease(): Promise<boolean> {
  const running = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.getAttribute("src");
  try {
    const answer = await fetch("/", { cache: "no-store" });
    return answer.ok && running != null && !(await answer.text()).includes(running);
  } catch {
    return false;
  }
}

const BROWSER: BrowserEnvironment = {
  isAnswering,
  isOtherRelease,
  reload: () => window.location.reload(),
  pause: () => new Promise((done) => setTimeout(done, RETRY_MS)),
};

/** Loads what is not needed yet while nothing else is to be done, so that a lost server takes no page away. */
export function loadWhenIdle(...pages: (() => Promise<unknown>)[]): void {
  const load = () => pages.forEach((page) => void page().catch(() => undefined));
  if ("requestIdleCallback" in window) window.requestIdleCallback(load, { timeout: 5_000 });
  else setTimeout(load, 2_000);
}
