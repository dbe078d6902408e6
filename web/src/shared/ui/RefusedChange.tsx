import { errorMessage } from "@/shared/api/problem";
import classes from "./RefusedChange.module.css";

interface RefusedChangeProps {
  of: readonly { isError: boolean; error: unknown }[];
  /** Where it is not a line of a banner. */
  className?: string | undefined;
}

/** Why the first of these changes that was refused was, in the server's own sentence; nothing while none was. */
export function RefusedChange({ of, className = classes["line"] }: RefusedChangeProps) {
  const refused = of.find((change) => change.isError);
  if (refused === undefined) return null;
  return (
    <p className={className} role="alert">
      {errorMessage(refused.error)}
    </p>
  );
}
