const RELOADED_AT = "casewright.reloaded-at";
const PAUSE_MS = 60_000;

/**
 * A tab that was opened before a release asks for files that are gone: it loads the page anew.
 * At most once a minute, so that files which are really missing never reload a tab forever.
 */
export function reloadAfterRelease(): void {
  window.addEventListener("vite:preloadError", (event) => {
    const last = Number(sessionStorage.getItem(RELOADED_AT) ?? 0);
    if (Date.now() - last < PAUSE_MS) return;
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    event.preventDefault();
    window.location.reload();
  });
}
