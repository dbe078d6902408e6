import { type ReactNode, useId } from "react";
import classes from "./Panel.module.css";

interface PanelProps {
  title: string;
  /** Where other parts of the page may lead to. */
  id?: string;
  /** Content to the right of the title: tags, a count, a button. */
  aside?: ReactNode;
  /** No padding: the content brings its own rows. */
  flush?: boolean;
  className?: string | undefined;
  children: ReactNode;
}

/** One titled section of a page, named for assistive technology by its title. */
export function Panel({ title, id, aside, flush = false, className, children }: PanelProps) {
  const heading = useId();
  return (
    <section
      id={id}
      tabIndex={id === undefined ? undefined : -1}
      className={[classes["panel"], className].filter(Boolean).join(" ")}
      aria-labelledby={heading}
    >
      <header className={classes["head"]}>
        <h2 id={heading} className={classes["title"]}>
          {title}
        </h2>
        {aside !== undefined && <div className={classes["aside"]}>{aside}</div>}
      </header>
      <div className={flush ? undefined : classes["body"]}>{children}</div>
    </section>
  );
}
