import { useEffect } from "react";

/** Moves the focus to the element with this id, if what had it is gone. What is focused on purpose stays so. */
export function focusIfLost(id: string): void {
  const { activeElement, body } = document;
  if (activeElement !== null && activeElement !== body) return;
  document.getElementById(id)?.focus({ preventScroll: true });
}

/** Brings a section of the page into view and the keyboard to it. */
export function focusSection(id: string): void {
  const section = document.getElementById(id);
  section?.scrollIntoView({ block: "start" });
  section?.focus({ preventScroll: true });
}

/** Moves the focus to this section once the reader's answer took its place, for the button that sent it is gone. */
export function useFocusAfterAnswer(id: string, isAnswered: boolean): void {
  useEffect(() => {
    if (isAnswered) focusIfLost(id);
  }, [id, isAnswered]);
}
