import type { ReactNode } from "react";
import type { Tone } from "@/shared/format/labels";
import classes from "./Tag.module.css";

interface TagProps {
  tone?: Tone;
  /** A dot before the text, for states that a glance should find. */
  dot?: boolean;
  title?: string | undefined;
  children: ReactNode;
}

export function Tag({ tone = "neutral", dot = false, title, children }: TagProps) {
  return (
    <span className={classes["tag"]} data-tone={tone} title={title}>
      {dot && <span className={classes["dot"]} aria-hidden="true" />}
      {children}
    </span>
  );
}
