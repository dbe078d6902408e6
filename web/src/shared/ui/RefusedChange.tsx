import type { ReactNode } from "react";
import { errorMessage } from "@/shared/api/problem";
import classes from "./RefusedChange.module.css";

interface RefusedChangeProps {
  of: readonly { isError: boolean; error: unknown }[];
  /** Whether it stands in a form of its own, and not as a line of a banner. */
  boxed?: boolean;
  /** Where it is neither. */
  className?: string | undefined;
  /** What can be done about it. */
  children?: ReactNode;
}

/** Why the first of these changes that was refused was, in the server's own sentence; nothing while none was. */
export function RefusedChange({
  of,
  boxed = false,
  className = classes[boxed ? "box" : "line"],
  children,
}: RefusedChangeProps) {
  const refused = of.find((change) => change.isError);
  if (refused === undefined) return null;
  return (
    <p className={className} role="alert">
      {errorMessage(refused.error)} {children}
    </p>
  );
}
