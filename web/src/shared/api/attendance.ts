/** How long after the last key, click or scroll somebody is still at the page, in milliseconds. */
export const ATTENDED_MS = 60_000;

const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

let lastSign = Date.now();

for (const sign of SIGNS) {
  window.addEventListener(sign, () => (lastSign = Date.now()), { capture: true, passive: true });
}

/** Whether nobody has been at the page for a while: what it asks for now it asks for by itself. */
export const isUnattended = (): boolean => Date.now() - lastSign > ATTENDED_MS;
